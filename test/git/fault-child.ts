/**
 * Child process for crash tests: lands one candidate in the given repository, or commits `books.txt` of its checkout, and
 * dies at the fault point that `DGOV_FAULT` names.
 */
import { commitOperatorFiles } from "../../src/git/bookkeeping.ts";
import { landCandidate } from "../../src/git/landing/land.ts";
import { openRepository } from "../../src/git/repository.ts";
import { identity } from "./harness.ts";

const [path = "", target = "", from = "", to = "", scratch = ""] = process.argv.slice(2);
const r = await openRepository(path);
const done =
  to === "books"
    ? await commitOperatorFiles(r, {
        branch: target,
        parent: from,
        paths: ["books.txt"],
        message: "books",
        allowedPrefixes: ["books.txt"],
        identity,
        policy: { sign: false, signoff: false },
      })
    : await landCandidate(r, {
        target,
        from,
        to,
        allowed: () => true,
        scratch,
        message: "dgov: land",
      });
console.log(JSON.stringify(done));
