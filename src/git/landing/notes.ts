/**
 * Trailers of landed commits in git notes (`refs/notes/dgov`), for repositories whose messages must not name dgov. A
 * note belongs to the id of a commit, so that an amended or rebased commit has none unless git copies it
 * (`notes.rewriteRef`).
 */
import { durable, inRepository, must, mustLine } from "../git.ts";
import { type Identity, messageText, type Oid, seconds } from "../objects.ts";
import { resolveCommit } from "../refs.ts";
import type { Repository } from "../repository.ts";

export const notesRef = "refs/notes/dgov";

/**
 * A log whose `%N` is dgov's note and whose `--grep` searches message and note. Nothing that the configuration names is
 * run, and no other note is read.
 */
export const logWithNotes = ["log", "--no-show-signature", "--no-notes", `--notes=${notesRef}`];

/** The message of a commit followed by its note, in the format of `logWithNotes`. */
export const messageAndNote = "%B%n%N";

export interface CommitNote {
  commit: Oid;
  text: string;
}

/**
 * Writes notes, synced, in place of any that the commits have, and returns the commit that holds them. When another
 * process moves the ref at the same time, the notes are added to what that one wrote.
 */
export async function writeNotes(
  r: Repository,
  notes: readonly CommitNote[],
  o: { identity: Identity; date: string },
): Promise<Oid> {
  const message = "Notes added by dgov\n";
  const { name, email } = o.identity;
  for (let tries = 1; ; tries++) {
    const tip = await resolveCommit(r, notesRef);
    const stdin = [
      `commit ${notesRef}`,
      "mark :1",
      `committer ${name.replace(/[<>\n]/g, "")} <${email.replace(/[<>\n]/g, "")}> ${seconds(o.date)} +0000`,
      `data ${Buffer.byteLength(message)}`,
      message,
      ...(tip === null ? [] : [`from ${tip}`]),
      ...notes.flatMap(({ commit, text }) => {
        const content = messageText(text);
        return [`N inline ${commit}`, `data ${Buffer.byteLength(content)}`, content];
      }),
      "get-mark :1",
      "done\n",
    ].join("\n");
    const args = [
      ...durable,
      "-c",
      "fastimport.unpackLimit=10000",
      "fast-import",
      "--quiet",
      "--done",
    ];
    const written = await inRepository(r, args, { stdin });
    // Git refuses when another process holds the ref's lock or has moved it; what that wrote is then the new base.
    if (written.code !== 0 && tries < triesMax) {
      await Bun.sleep(20 * tries);
      continue;
    }
    return mustLine(Promise.resolve(written), "writing notes");
  }
}

const triesMax = 10;

/** The commits that have a note. */
export async function notedCommits(r: Repository): Promise<Set<Oid>> {
  if ((await resolveCommit(r, notesRef)) === null) return new Set();
  const listed = await must(
    inRepository(r, ["ls-tree", "-r", "--name-only", notesRef]),
    "listing notes",
  );
  // Git spreads many notes over folders.
  return new Set(
    listed
      .toString()
      .trim()
      .split("\n")
      .map((path) => path.replaceAll("/", "")),
  );
}
