/** Gates whose commands see the history of the target: those that name the base, and those that are configured to. Pure. */
import type { Config } from "./config.ts";

/** True when a command names the base, which differs between candidates. */
export function namesBase(command: string): boolean {
  return /\{base\}|\bDGOV_BASE\b/.test(command);
}

/** True when the commands of a gate see the history. */
export function asksForHistory(
  { historyGates, gates }: Pick<Config, "historyGates" | "gates">,
  gate: string,
  commands: readonly string[],
): boolean {
  return (
    commands.some(namesBase) ||
    historyGates.includes(gate) ||
    gates.some(({ name, history }) => history && name === gate)
  );
}

/** Commands that read more of git than the tree and the objects that they name. */
const readers: readonly RegExp[] = [
  /\bgit\b[^|;&]*\s(describe|merge-base|log|rev-list|shortlog|blame|bisect|name-rev|cherry|for-each-ref|show-ref|branch|tag)\b/,
  /\bgit\b[^|;&]*\s(diff|diff-tree|show|rev-parse|archive|checkout|worktree)\b[^|;&]*(\borigin\b|\bupstream\b|\b(main|master|develop|trunk)\b|\.\.|\bHEAD[~^@])/,
  /\b(setuptools_scm|setuptools-git-versioning|versioningit|gitversion|goreleaser|semantic-release|git-cliff|diff-cover|diff-quality|darker|commitlint|gitlint|git-secrets|chromatic)\b/,
  /--(changedSince|changed-since|since|from-ref|affected|compare-branch|new-from-rev|new-from-merge-base|only-changed|onlyChanged|changed)\b/,
  /\b(nx|moon|turbo)\b[^|;&]*(\baffected\b|--filter=\S*\[)/,
];

/** True when a command seems to read refs or commits, which it sees only with history. */
function seemsToNeedHistory(command: string): boolean {
  return readers.some((reader) => reader.test(command));
}

/** A warning about a gate command that seems to need history and does not ask for it. */
export interface MissingHistory {
  message: string;
  hint: string;
}

/** The warning about a command of a gate; null when it needs no history or asks for it. */
export function missingHistory(
  config: Pick<Config, "historyGates" | "gates">,
  gate: string,
  command: string,
): MissingHistory | null {
  if (!seemsToNeedHistory(command) || asksForHistory(config, gate, [command])) return null;
  const isOwn = config.gates.some(({ name }) => name === gate);
  const setting = isOwn
    ? `history = true in gate ${gate}`
    : `[project] history_gates = ["${gate}"]`;
  return {
    message: `the ${gate} gate runs \`${command}\`, which seems to read refs or commits; gates see neither by default`,
    hint: `set ${setting}, or name the candidate's parent as {base}`,
  };
}

/** The warnings about the configured gate commands. */
export function gatesWithoutHistory(
  config: Pick<Config, "commands" | "historyGates" | "gates">,
): MissingHistory[] {
  const { formatCheck, lint, typeCheck, test, coverage } = config.commands;
  const commands = { format: formatCheck, lint, types: typeCheck, tests: test, coverage };
  const own = config.gates.map(({ name, command }): [string, string] => [name, command]);
  return [...Object.entries(commands), ...own].flatMap(([gate, command]) => {
    return command === null ? [] : (missingHistory(config, gate, command) ?? []);
  });
}
