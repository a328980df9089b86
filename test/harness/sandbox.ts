/**
 * The sandbox of the projects of tests. Off unless a test configures one: commands of most tests write into files
 * outside their tree to show what they saw, or wait for such a file. `TEST_SANDBOX=auto` shows which do not.
 */
export const defaultSandbox = process.env["TEST_SANDBOX"] ?? "off";
