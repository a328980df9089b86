/** Which paths are tests, by the customs of the languages. Pure. */

const testNames =
  /(^|\/)(test_[^/]*|[^/]*_test|conftest)\.pyi?$|\.(test|spec)\.[cm]?[jt]sx?$|(^|\/)__tests__\/.*\.[cm]?[jt]sx?$|_test\.go$|(^|\/)tests\/([^/]+|[^/]+\/main)\.rs$|(^|\/)(Test\w*|\w*(Tests?|TestCase|IT))\.java$|(^|\/)src\/test\/.*\.java$|Tests?\.swift$/;

const testFolders = /(^|\/)(tests?|__tests__|__mocks__|testdata|spec|e2e)\//;

/** A file a test runner would run (or, in Java, compile with the tests), by its name and place. */
export function isNamedTest(path: string): boolean {
  return testNames.test(path);
}

/** Test code of any kind: tests, and what lies in folders that are for them. */
export function isTestCode(path: string): boolean {
  return isNamedTest(path) || testFolders.test(path) || /(^|\/)tests?\.rs$/.test(path);
}
