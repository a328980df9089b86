/**
 * Child process for crash tests: lands one candidate in the given repository and dies at the fault
 * point that `DGOV_FAULT` names.
 */

import { landCandidate } from "../../src/git/landing/land.ts";
import { openRepository } from "../../src/git/repository.ts";

const [path = "", target = "", from = "", to = "", scratch = ""] = process.argv.slice(2);
const r = await openRepository(path);
const landing = await landCandidate(r, {
  target,
  from,
  to,
  allowed: () => true,
  scratch,
  message: "dgov: land",
  onLock: (pid) => console.log(pid),
});
console.log(JSON.stringify(landing));
