/**
 * Mutants: deliberate defects of the source, each a small patch, each with the test that fails because of it.
 * `mutants/<room>.ts` has those of one room of `src/`; the kernel's state machine has its own list in
 * `test/sim/mutations.ts`, where the simulation detects them.
 */
import { basename, join } from "node:path";

/** A defect. Either a test detects it (`killedBy`), or a reason says why none should (`survives`). */
export interface Mutant {
  /** The defect as a sentence: "a lock of another host is taken for dead". Unique. */
  name: string;
  /** Path from the root of the repository. */
  file: string;
  /** Text that occurs exactly once in the file. */
  find: string;
  /** The text in its place. */
  replace: string;
  /** `path of the test file > name of the test`, or a part of its name. */
  killedBy?: string;
  /** The reason why no test detects it. */
  survives?: string;
}

/** A mutant and the room it is in. */
export interface RoomMutant extends Mutant {
  room: string;
}

/** All mutants of `mutants/`, in the order of their files. */
export async function allMutants(): Promise<RoomMutant[]> {
  const folder = join(import.meta.dir, "mutants");
  const files = [...new Bun.Glob("*.ts").scanSync(folder)].sort();
  const lists = await Promise.all(
    files.map(async (file) => {
      const { default: list } = (await import(join(folder, file))) as { default: Mutant[] };
      return list.map((mutant) => ({ ...mutant, room: basename(file, ".ts") }));
    }),
  );
  return lists.flat();
}

/** The source with the defect; an error says why the patch does not fit. */
export function mutate(text: string, { find, replace }: Mutant): string | Error {
  const count = text.split(find).length - 1;
  if (count !== 1) return new Error(`the text occurs ${count} times, expected once`);
  const mutated = text.replace(find, () => replace);
  if (mutated === text) return new Error("the patch changes nothing");
  try {
    new Bun.Transpiler({ loader: "ts" }).transformSync(mutated);
  } catch {
    return new Error("the result is no TypeScript");
  }
  return mutated;
}

/** The file and the name in `killedBy`; null without a separator. */
export function testOf(killedBy: string): { file: string; name: string } | null {
  const at = killedBy.indexOf(" > ");
  return at < 0 ? null : { file: killedBy.slice(0, at), name: killedBy.slice(at + 3) };
}
