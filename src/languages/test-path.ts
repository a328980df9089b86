/** Test files and test folders, recognised by the naming conventions of each language. Pure. */

const testNames =
  /(^|\/)(test_[^/]*|[^/]*_test|conftest)\.pyi?$|\.(test|spec)\.[cm]?[jt]sx?$|(^|\/)__tests__\/.*\.[cm]?[jt]sx?$|_test\.go$|(^|\/)tests\/([^/]+|[^/]+\/main)\.rs$|(^|\/)(Test\w*|\w*(Tests?|TestCase|IT))\.java$|(^|\/)src\/test\/.*\.java$|Tests?\.swift$/;

const collectedNames =
  /(^|\/)(test_[^/]*|[^/]*_test)\.py$|[._](test|spec)\.[cm]?[jt]sx?$|_test\.go$|(^|\/)tests\/([^/]+|[^/]+\/main)\.rs$|(^|\/)(Test\w*|\w*(Tests?|TestCase|IT))\.java$|Tests?\.swift$/;

const testFolders = /(^|\/)(tests?|__tests__|__mocks__|testdata|spec|e2e)\//;

/** True for a file name by which pytest, JavaScript runners, Go, Cargo, Java and Swift find tests. */
export function isCollectedTest(path: string): boolean {
  return collectedNames.test(path);
}

/**
 * True for a test file by its path: a test, test support such as `conftest.py`, a Java class below
 * `src/test/`.
 */
export function isNamedTest(path: string): boolean {
  return testNames.test(path);
}

/** True for test code of any kind: test files, and helpers and data in test folders. */
export function isTestCode(path: string): boolean {
  return isNamedTest(path) || testFolders.test(path) || /(^|\/)tests?\.rs$/.test(path);
}
