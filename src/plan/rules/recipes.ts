import { suggest } from "../../std/suggest.ts";
import { didYouMean } from "../diagnostic.ts";
import type { Rule } from "../facts.ts";
import { about } from "../plan.ts";

/** `test_cmd = "verify:<name>"` names a recipe of the project. */
export const recipes: Rule = ({ tasks }, { config }) =>
  tasks.flatMap((task) => {
    const name = /^verify:(.*)$/s.exec(task.written.test_cmd ?? "")?.[1]?.trim();
    if (name === undefined || Object.hasOwn(config.verify, name)) return [];
    const known = Object.keys(config.verify);
    const near = suggest(name, known);
    const message = `\`test_cmd\` names the recipe \`${name}\`, which is not under [verify]`;
    const hint = didYouMean(near, `there are ${known.length === 0 ? "none" : known.join(", ")}`);
    return [about(task, "test_cmd", { code: "unknown-recipe", message, hint })];
  });
