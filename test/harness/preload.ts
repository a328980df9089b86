/** Runs before every test file: hides the git configuration and identity of the person who runs the tests. */
import { afterAll } from "bun:test";
import { fileEnded } from "./limits.ts";

for (const name of ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"]) delete process.env[name];
process.env["GIT_CONFIG_GLOBAL"] = "/dev/null";
process.env["GIT_CONFIG_NOSYSTEM"] = "1";

if (process.env["DGOV_TEST_PROGRESS"] === "1") {
  afterAll(() => process.stderr.write(`${fileEnded}${Bun.main}\n`));
}
