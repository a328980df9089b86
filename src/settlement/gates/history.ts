/**
 * The trees of a gate as its commands see them: with the history of the target for gates that ask for it, and
 * else as plain trees, so that a verdict is a function of the tree.
 *
 * HEAD is the commit that may land, `{base}` its parent. On the base the sides are exchanged: HEAD is the base and
 * `{base}` the commit, so that a command that checks the changed files checks the same files there.
 */

import { asksForHistory, namesBase } from "../../config/gate-history.ts";
import { accessOf, runsAlone } from "../../config/gates.ts";
import type { Oid } from "../../git/objects.ts";
import type { GateHistory } from "../../git/worktrees/gate-tree.ts";
import { canonicalJson, sha256 } from "../../std/digest.ts";
import type { Applies, CommandLines, Gate, GateInput, TreeView } from "./gate.ts";

/** The input of one gate: with the history if its commands ask for it, and alone if they have to run so. */
export async function inputOf(gate: Gate, shared: GateInput): Promise<GateInput> {
  const { context, request, baseTree } = shared;
  const alone = request.alone || runsAlone(context.config, gate.name, request.testCmd);
  const own = context.config.gates.find(({ name }) => name === gate.name)?.timeoutS;
  const input: GateInput = {
    ...shared,
    access: accessOf(context.config, gate.name),
    mode: alone ? "alone" : "shared",
    timeoutMs: own ? own * 1000 : shared.timeoutMs,
  };
  const templates = templatesOf(gate, input);
  if (!asksForHistory(context.config, gate.name, templates)) return input;
  const refs = await context.refs();
  const { commit, base } = request;
  const isBase = commit === base;
  return {
    ...input,
    onTree: viewOf(request.tree, { refs, head: commit, base: isBase ? null : base }),
    onBase: viewOf(baseTree, { refs, head: base, base: isBase ? null : commit }),
  };
}

function templatesOf(gate: Gate, { context, request }: GateInput): string[] {
  return gate.reads === "gate_tree" ? gate.templates(context.config, request.testCmd) : [];
}

function viewOf(tree: Oid, history: GateHistory): TreeView {
  const { refs, head, base } = history;
  return { tree, history, key: sha256(canonicalJson({ tree, refs: refs.digest, head, base })) };
}

/** A gate that names the base of a commit does not apply to the base itself, which has none. */
export async function appliesTo(gate: Gate, input: GateInput): Promise<Applies> {
  const { history } = input.onTree;
  if (history?.base === null && templatesOf(gate, input).some(namesBase)) {
    return { runs: false, reason: "its command names {base}, and this commit is the base" };
  }
  return gate.applies(input);
}

/** Fills a template for both trees; `{base}` is filled first, because it differs between them. */
export async function fillBoth(
  input: GateInput,
  template: string,
  fill: (template: string) => Promise<CommandLines>,
): Promise<CommandLines> {
  if (!template.includes("{base}")) return fill(template);
  const at = ({ history }: TreeView): Promise<CommandLines> =>
    fill(template.replaceAll("{base}", history?.base ?? ""));
  const [{ onTree, fallback }, base] = [await at(input.onTree), await at(input.onBase)];
  if (fallback === undefined) return { onTree, onBase: base.onBase };
  const onBase = base.fallback?.lines.onBase ?? [];
  const lines = { onTree: fallback.lines.onTree, onBase };
  return { onTree, onBase: base.onBase, fallback: { ...fallback, lines } };
}
