/** Child process that takes the run lock, prints "held" or the refusal, and stays until it is killed. */
import { acquireRunLock } from "../../src/process/lock.ts";

const [commonDir = "", run = ""] = process.argv.slice(2);
try {
  acquireRunLock(commonDir, { run, plan: "p" });
  console.log("held");
  // Memory pressure must not let the lock be collected.
  setInterval(() => Bun.gc(true), 20);
} catch (error) {
  console.log(String(error));
}
