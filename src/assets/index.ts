/** Text files embedded in the executable: those that `dgov init` writes, and the skills for coding agents. */
import gitattributes from "./gitattributes.txt" with { type: "text" };
import gitignore from "./gitignore.txt" with { type: "text" };
import governor from "./governor.md" with { type: "text" };
import ledgerSkill from "./skills/dgov-ledger/SKILL.md" with { type: "text" };
import planSkill from "./skills/dgov-plan/SKILL.md" with { type: "text" };
import runSkill from "./skills/dgov-run/SKILL.md" with { type: "text" };
import architecture from "./sops/architecture.md" with { type: "text" };
import codeReview from "./sops/code-review.md" with { type: "text" };
import codeStyle from "./sops/code-style.md" with { type: "text" };
import errorHandling from "./sops/error-handling.md" with { type: "text" };
import gitCommits from "./sops/git-commits.md" with { type: "text" };
import goStyle from "./sops/go-style.md" with { type: "text" };
import javascriptStyle from "./sops/javascript-style.md" with { type: "text" };
import largeFileHandling from "./sops/large-file-handling.md" with { type: "text" };
import pythonStyle from "./sops/python-style.md" with { type: "text" };
import refactoringDiscipline from "./sops/refactoring-discipline.md" with { type: "text" };
import returnValues from "./sops/return-values.md" with { type: "text" };
import rustStyle from "./sops/rust-style.md" with { type: "text" };
import stateModeling from "./sops/state-modeling.md" with { type: "text" };
import swiftStyle from "./sops/swift-style.md" with { type: "text" };
import testing from "./sops/testing.md" with { type: "text" };
import typescriptStyle from "./sops/typescript-style.md" with { type: "text" };

export const assets = {
  "gitattributes.txt": gitattributes,
  "gitignore.txt": gitignore,
  "governor.md": governor,
} as const satisfies Record<string, string>;

/** SOPs that every new project gets, by file name. */
const commonSops: Readonly<Record<string, string>> = {
  "architecture.md": architecture,
  "code-review.md": codeReview,
  "error-handling.md": errorHandling,
  "git-commits.md": gitCommits,
  "large-file-handling.md": largeFileHandling,
  "refactoring-discipline.md": refactoringDiscipline,
  "return-values.md": returnValues,
  "state-modeling.md": stateModeling,
  "testing.md": testing,
};

const styleSops: Readonly<Record<string, string>> = {
  go: goStyle,
  javascript: javascriptStyle,
  python: pythonStyle,
  rust: rustStyle,
  swift: swiftStyle,
  typescript: typescriptStyle,
};

/** SOPs of a new project by file name: the common ones, and the style SOP of `language` or a general one. */
export function sopsFor(language: string): Record<string, string> {
  const style = Object.hasOwn(styleSops, language) ? styleSops[language] : undefined;
  return style === undefined
    ? { ...commonSops, "code-style.md": codeStyle }
    : { ...commonSops, [`${language}-style.md`]: style };
}

/** Skills for coding agents that act as governor, by name. */
export const skills: Readonly<Record<string, string>> = {
  "dgov-ledger": ledgerSkill,
  "dgov-plan": planSkill,
  "dgov-run": runSkill,
};
