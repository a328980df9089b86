/** Test files and test folders, recognised by the naming conventions of each language. Pure. */

const testNames =
  /(^|\/)(test_[^/]*|[^/]*_test|conftest)\.pyi?$|\.(test|spec)\.[cm]?[jt]sx?$|(^|\/)__tests__\/.*\.[cm]?[jt]sx?$|_test\.go$|(^|\/)tests\/([^/]+|[^/]+\/main)\.rs$|(^|\/)(Test\w*|\w*(Tests?|TestCase|IT))\.java$|(^|\/)src\/test\/.*\.java$|Tests?\.swift$/;

const testFolders = /(^|\/)(tests?|__tests__|__mocks__|testdata|spec|e2e)\//;

/** True for a file that a test runner collects by its path, and for Java below `src/test/`. */
export function isNamedTest(path: string): boolean {
  return testNames.test(path);
}

/** True for test code of any kind: test files, and helpers and data in test folders. */
export function isTestCode(path: string): boolean {
  return isNamedTest(path) || testFolders.test(path) || /(^|\/)tests?\.rs$/.test(path);
}
