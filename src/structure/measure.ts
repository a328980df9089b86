/**
 * One walk over a syntax tree: the complexity of its functions, and the names it defines and uses.
 *
 * Cyclomatic complexity: 1 + branches + boolean operators. Cognitive complexity (Campbell, SonarSource 2016): a
 * control structure costs 1, and 1 more for each enclosing control structure; `else`, a jump to a label and a
 * sequence of equal boolean operators cost 1. The walk uses an explicit stack, since sources may be nested
 * deeper than the call stack.
 */

import { type ControlFlowNodes, controlFlowNodes } from "../languages/control-flow.ts";
import type { SourceLanguage } from "../languages/language.ts";
import type { Node } from "../languages/parser.ts";
import { sha256 } from "../std/digest.ts";
import {
  type AssignedName,
  assignedName,
  isEntry,
  mayAssignName,
  parameterCount,
  receiverOf,
  scopeName,
} from "./function-names.ts";

export interface FunctionMetrics {
  /** Qualified name, `Class.method`; the second function of a name ends in `#2`. */
  name: string;
  /** From 1, both included. */
  line: number;
  endLine: number;
  cyclomatic: number;
  cognitive: number;
  parameters: number;
  /** Digest of the tokens with local names numbered: equal for copies; "" for a short function. */
  body: string;
  /** May be called without a visible reference: `main`, a method, a public or decorated function. */
  entry: boolean;
  /** Test code inside a source file (Rust). */
  test: boolean;
}

/** The part of a file's metrics that comes from its syntax tree. */
export interface SyntaxMetrics {
  functions: FunctionMetrics[];
  /** Names defined at the top level: functions, types, and constants and variables of Go; sorted. */
  defines: string[];
  /** Names called without a receiver, and names of types; sorted. */
  refers: string[];
  /** Identifiers, except where a function is defined or calls itself; sorted. */
  uses: string[];
}

type Cursor = ReturnType<Node["walk"]>;

/** A function during the walk. */
interface OpenFunction {
  metrics: FunctionMetrics;
  /** Unqualified name. */
  name: string;
  /** Tokens, with identifiers numbered in order of appearance. */
  tokens: string[];
  numbers: Map<string, number>;
}

/** State of the walk below a node. */
interface Frame {
  type: string;
  /** Enclosing control structures of the node, and of its children. */
  outer: number;
  nesting: number;
  /** Boolean operator that children may continue. */
  operator: string | null;
  /** Innermost named function. */
  open: OpenFunction | null;
  /** Names of the enclosing definitions, joined with dots. */
  scope: string;
  /** True directly inside a type, where functions are methods. */
  member: boolean;
  test: boolean;
  /** Name for a function in the value of this node. */
  assigned: AssignedName | null;
  /** Decorators and attributes since the last definition. */
  marks: string[];
}

const outermost: Omit<Frame, "marks"> = {
  type: "",
  outer: 0,
  nesting: 0,
  operator: null,
  open: null,
  scope: "",
  member: false,
  test: false,
  assigned: null,
};

/** Measures a syntax tree. Functions are in the order of their first lines. */
export function measureFile(root: Node, language: SourceLanguage): SyntaxMetrics {
  const walk = new Walk(controlFlowNodes[language]);
  const cursor = root.walk();
  try {
    walk.through(cursor);
  } finally {
    cursor.delete();
  }
  return walk.measured();
}

/** Scopes that are modules; all others are types. */
const moduleNodes: ReadonlySet<string> = new Set(["mod_item", "internal_module"]);

/** Functions with fewer tokens are not compared as copies. */
const tokensMin = 12;

class Walk {
  private readonly opened: OpenFunction[] = [];
  private readonly qualified = new Map<string, number>();
  private readonly defines = new Set<string>();
  private readonly refers = new Set<string>();
  private readonly uses = new Set<string>();
  /** Offsets of the names of functions. */
  private readonly nameOffsets = new Set<number>();
  private readonly grammar: ControlFlowNodes;

  constructor(grammar: ControlFlowNodes) {
    this.grammar = grammar;
  }

  through(cursor: Cursor): void {
    const frames: Frame[] = [{ ...outermost, marks: [] }];
    for (;;) {
      const parent = frames.at(-1) as Frame;
      const frame = this.enter(cursor, parent);
      if (cursor.gotoFirstChild()) {
        frames.push(frame);
        continue;
      }
      this.leaf(cursor, parent);
      while (!cursor.gotoNextSibling()) {
        if (!cursor.gotoParent()) return;
        frames.pop();
      }
    }
  }

  measured(): SyntaxMetrics {
    for (const { metrics, tokens } of this.opened) {
      if (tokens.length >= tokensMin) metrics.body = sha256(tokens.join("\0")).slice(0, 16);
    }
    return {
      functions: this.opened.map(({ metrics }) => metrics),
      defines: [...this.defines].sort(),
      refers: [...this.refers].sort(),
      uses: [...this.uses].sort(),
    };
  }

  /** Counts a node and returns the state for its children. */
  private enter(cursor: Cursor, parent: Frame): Frame {
    const { grammar } = this;
    const type = cursor.nodeType;
    const frame = frameBelow(cursor, parent, type);
    if (type === "decorator" || type === "attribute_item") parent.marks.push(cursor.nodeText);
    if (grammar.functions.has(type) || grammar.lambdas.has(type)) {
      return this.enterFunction(cursor.currentNode, parent, frame);
    }
    if (Object.hasOwn(grammar.scopes, type) && cursor.nodeIsNamed) {
      return this.enterScope(cursor.currentNode, parent, frame);
    }
    if (Object.hasOwn(grammar.calls, type)) this.enterCall(cursor.currentNode);
    if (mayAssignName(type)) {
      frame.assigned = assignedName(cursor.currentNode);
      if (frame.assigned !== null) this.nameOffsets.add(frame.assigned.at);
    }
    if (goSpecs.has(type) && frame.open === null) {
      this.defines.add(cursor.currentNode.childForFieldName("name")?.text ?? "");
    }
    if (frame.open !== null) this.count(cursor, parent, frame, frame.open.metrics);
    return frame;
  }

  private enterFunction(node: Node, parent: Frame, frame: Frame): Frame {
    const own = this.grammar.functions.has(node.type) ? node.childForFieldName("name") : null;
    const name = own?.text ?? parent.assigned?.name;
    if (name === undefined)
      return { ...frame, nesting: frame.open === null ? 0 : frame.nesting + 1 };
    if (node.childForFieldName("body") === null) return frame;
    if (own !== null) this.nameOffsets.add(own.startIndex);
    const marks = parent.marks.splice(0);
    const test = parent.test || marks.some((mark) => /^#\[(\w+::)*test\b/.test(mark));
    const member = parent.member || receiverOf(node) !== null;
    const entry = parent.assigned?.entry === true || isEntry(node, { name, marks, member });
    if (parent.scope === "" && receiverOf(node) === null) this.defines.add(name);
    const metrics: FunctionMetrics = {
      name: this.unique(joined(receiverOf(node) ?? parent.scope, name)),
      line: node.startPosition.row + 1,
      endLine: node.endPosition.row + 1,
      cyclomatic: 1,
      cognitive: 0,
      parameters: parameterCount(node),
      body: "",
      entry,
      test,
    };
    const open = { metrics, name, tokens: [], numbers: new Map<string, number>() };
    this.opened.push(open);
    parent.open?.tokens.push("function");
    return { ...frame, open, outer: 0, nesting: 0, scope: metrics.name, member: false, test };
  }

  private enterScope(node: Node, parent: Frame, frame: Frame): Frame {
    const name = scopeName(node, this.grammar.scopes[node.type] ?? "");
    if (parent.scope === "") this.defines.add(name);
    const marks = parent.marks.splice(0);
    const test = parent.test || marks.some((mark) => /\bcfg\(test\)/.test(mark));
    return {
      ...frame,
      scope: joined(parent.scope, name),
      member: !moduleNodes.has(node.type),
      test,
    };
  }

  private enterCall(node: Node): void {
    const callee = node.childForFieldName(this.grammar.calls[node.type] ?? "");
    if (callee !== null && /identifier$/.test(callee.type)) this.refers.add(callee.text);
  }

  private unique(name: string): string {
    const times = (this.qualified.get(name) ?? 0) + 1;
    this.qualified.set(name, times);
    return times === 1 ? name : `${name}#${times}`;
  }

  /** Adds the cost of a node to its function. */
  private count(cursor: Cursor, parent: Frame, frame: Frame, metrics: FunctionMetrics): void {
    const { grammar } = this;
    const { type } = frame;
    if (grammar.branches.has(type) && !isDefault(cursor, type)) metrics.cyclomatic++;
    if (grammar.nesting.has(type)) {
      if (type === grammar.conditional && continuesConditional(cursor, parent)) frame.outer--;
      else {
        metrics.cognitive += 1 + frame.nesting;
        frame.nesting++;
      }
    } else if (type === "elif_clause" || (type === "else" && alternatives.has(parent.type))) {
      metrics.cognitive++;
    } else if (jumps.has(type)) {
      if (isLabelled(cursor.currentNode)) metrics.cognitive++;
    } else if (type === "parenthesized_expression") {
      frame.operator = parent.operator;
    } else if (type === grammar.binary || type === "let_chain") {
      const { operator, times } = booleanOperator(cursor.currentNode);
      metrics.cyclomatic += times;
      if (operator !== null && operator !== parent.operator) metrics.cognitive++;
      frame.operator = operator;
    }
  }

  /** Records the token of a leaf node. */
  private leaf(cursor: Cursor, parent: Frame): void {
    const type = cursor.nodeType;
    if (type.includes("comment") || parent.type.includes("comment")) return;
    if (this.nameOffsets.has(cursor.startIndex)) return;
    const { open } = parent;
    const text = cursor.nodeText;
    const plain = type === "identifier" && !isMember(cursor, parent);
    if (/identifier(_pattern)?$/.test(type) && !(plain && open?.name === text)) this.uses.add(text);
    if (type === "type_identifier" || (plain && cursor.currentFieldName === "object"))
      this.refers.add(text);
    if (open === null) return;
    const callee = this.grammar.calls[parent.type] === cursor.currentFieldName;
    open.tokens.push(plain && !callee ? numbered(open.numbers, text) : text);
  }
}

function frameBelow(cursor: Cursor, parent: Frame, type: string): Frame {
  // A condition is not nested in the control structure it belongs to.
  const guard = parent.nesting > parent.outer && cursor.currentFieldName === "condition";
  const outer = guard ? parent.outer : parent.nesting;
  return { ...parent, type, outer, nesting: outer, operator: null, assigned: null, marks: [] };
}

function joined(scope: string, name: string): string {
  return scope === "" || name === "" ? scope + name : `${scope}.${name}`;
}

/** True for the default case, which adds no path. */
function isDefault(cursor: Cursor, type: string): boolean {
  if (type === "switch_label") return cursor.nodeText.startsWith("default");
  if (type === "match_arm") return cursor.currentNode.childForFieldName("pattern")?.text === "_";
  return type === "case_clause" && cursor.currentNode.firstNamedChild?.text === "_";
}

/** True for an `if` that is the alternative of another one. */
function continuesConditional(cursor: Cursor, parent: Frame): boolean {
  return (
    parent.type === "else_clause" ||
    (parent.type === cursor.nodeType && cursor.currentFieldName === "alternative")
  );
}

const alternatives = new Set(["else_clause", "if_statement", "if_expression"]);
/** Declarations of types, constants and variables in Go. */
const goSpecs = new Set(["type_spec", "type_alias", "const_spec", "var_spec"]);
const jumps = new Set(
  "break_statement continue_statement goto_statement break_expression continue_expression".split(
    " ",
  ),
);

function isLabelled(node: Node): boolean {
  const label = node.type.endsWith("_statement") ? /identifier$|^label_name$/ : /^label$/;
  return node.namedChildren.some((child) => child !== null && label.test(child.type));
}

/** Boolean operator of a node and the number of its occurrences; null for other operators. */
function booleanOperator(node: Node): { operator: string | null; times: number } {
  if (node.type === "let_chain") return { operator: "&&", times: node.namedChildCount - 1 };
  const operator = node.childForFieldName("operator")?.type ?? "";
  return /^(&&|\|\||and|or)$/.test(operator)
    ? { operator, times: 1 }
    : { operator: null, times: 0 };
}

/** True for an identifier that names a member: an attribute, a method, an item of a module. */
function isMember(cursor: Cursor, parent: Frame): boolean {
  const field = cursor.currentFieldName;
  if (field === "attribute" || field === "field" || field === "property") return true;
  return field === "name" && /^(method_invocation|scoped_identifier)$/.test(parent.type);
}

function numbered(numbers: Map<string, number>, text: string): string {
  const number = numbers.get(text) ?? numbers.size;
  numbers.set(text, number);
  return `$${number}`;
}
