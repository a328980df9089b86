/**
 * One walk over a syntax tree: its functions with their figures, what is called, what is named.
 *
 * Cyclomatic: 1 + branches + boolean operators. Cognitive (Campbell, SonarSource 2016): a control
 * structure costs 1 and 1 more for each it stands in; `else`, a jump to a label and a run of like
 * boolean operators cost 1. The walk keeps its own stack: sources may nest deeper than ours does.
 */

import {
  type ControlFlowNodes,
  controlFlowNodes,
  type SourceLanguage,
} from "../languages/control-flow.ts";
import type { Node } from "../languages/parser.ts";
import { sha256 } from "../std/digest.ts";
import {
  type AssignedName,
  assignedName,
  isEntry,
  mayAssignName,
  parameterCount,
  receiverOf,
  scopeOf,
} from "./function-names.ts";

export interface FunctionMetrics {
  /** Qualified by what is around it, `Class.method`; a second one of a name ends in `#2`. */
  name: string;
  /** From 1, both included. */
  line: number;
  endLine: number;
  cyclomatic: number;
  cognitive: number;
  parameters: number;
  /** Equal for functions that do the same in the same words; "" when too short to tell. */
  body: string;
  /** Called from where no reference is seen: `main`, an override, whatever carries a decorator. */
  entry: boolean;
  /** Test code inside a source file. */
  test: boolean;
}

/** The part of a file's metrics that one walk gives. */
export interface SyntaxMetrics {
  functions: FunctionMetrics[];
  /** Names defined at the top: functions, types, Go's constants and variables; sorted. */
  defines: string[];
  /** Names called without a receiver, types and classes named; sorted. */
  refers: string[];
  /** Identifiers that stand anywhere but where a function is defined or calls itself; sorted. */
  uses: string[];
}

type Cursor = ReturnType<Node["walk"]>;

/** A function while the walk is in it. */
interface OpenFunction {
  metrics: FunctionMetrics;
  /** Its own name, unqualified. */
  name: string;
  /** Words of its text, own identifiers numbered in order of appearance. */
  words: string[];
  numbers: Map<string, number>;
}

/** A node, and what holds for its children. */
interface Frame {
  type: string;
  /** Control structures around the node, and around its children. */
  outer: number;
  nesting: number;
  /** The boolean operator that goes on in the children. */
  operator: string | null;
  /** The innermost named function. */
  open: OpenFunction | null;
  /** Names around, joined with dots. */
  scope: string;
  /** Methods here answer to a supertype's callers. */
  derived: boolean;
  test: boolean;
  /** For the function that is a value of this node. */
  given: AssignedName | null;
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
  derived: false,
  test: false,
  given: null,
};

/** Functions in the order of their beginning, and the names a file uses. */
export function measure(root: Node, language: SourceLanguage): SyntaxMetrics {
  const walk = new Walk(controlFlowNodes[language]);
  const cursor = root.walk();
  try {
    walk.through(cursor);
  } finally {
    cursor.delete();
  }
  return walk.measured();
}

/** Texts of fewer words say too little to be copies of each other. */
const wordsMin = 12;

class Walk {
  private readonly opened: OpenFunction[] = [];
  private readonly qualified = new Map<string, number>();
  private readonly defines = new Set<string>();
  private readonly refers = new Set<string>();
  private readonly uses = new Set<string>();
  /** Offsets at which functions get their names. */
  private readonly defined = new Set<number>();
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
    for (const { metrics, words } of this.opened) {
      if (words.length >= wordsMin) metrics.body = sha256(words.join("\0")).slice(0, 16);
    }
    return {
      functions: this.opened.map(({ metrics }) => metrics),
      defines: [...this.defines].sort(),
      refers: [...this.refers].sort(),
      uses: [...this.uses].sort(),
    };
  }

  /** Counts a node and gives what holds for its children. */
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
      frame.given = assignedName(cursor.currentNode);
      if (frame.given !== null) this.defined.add(frame.given.at);
    }
    if (goSpecs.has(type) && frame.open === null) {
      this.defines.add(cursor.currentNode.childForFieldName("name")?.text ?? "");
    }
    if (frame.open !== null) this.count(cursor, parent, frame, frame.open.metrics);
    return frame;
  }

  private enterFunction(node: Node, parent: Frame, frame: Frame): Frame {
    const own = this.grammar.functions.has(node.type) ? node.childForFieldName("name") : null;
    const name = own?.text ?? parent.given?.name;
    if (name === undefined)
      return { ...frame, nesting: frame.open === null ? 0 : frame.nesting + 1 };
    if (node.childForFieldName("body") === null) return frame;
    if (own !== null) this.defined.add(own.startIndex);
    const marks = parent.marks.splice(0);
    const test = parent.test || marks.some((mark) => /^#\[(\w+::)*test\b/.test(mark));
    const known = parent.given?.entry === true || isEntry(node, { ...parent, name, marks });
    if (parent.scope === "" && receiverOf(node) === null) this.defines.add(name);
    const metrics: FunctionMetrics = {
      name: this.unique(joined(receiverOf(node) ?? parent.scope, name)),
      line: node.startPosition.row + 1,
      endLine: node.endPosition.row + 1,
      cyclomatic: 1,
      cognitive: 0,
      parameters: parameterCount(node),
      body: "",
      entry: known,
      test,
    };
    const open = { metrics, name, words: [], numbers: new Map<string, number>() };
    this.opened.push(open);
    parent.open?.words.push("function");
    return { ...frame, open, outer: 0, nesting: 0, scope: metrics.name, derived: false, test };
  }

  private enterScope(node: Node, parent: Frame, frame: Frame): Frame {
    const { name, derived } = scopeOf(node, this.grammar.scopes[node.type] ?? "");
    if (parent.scope === "") this.defines.add(name);
    const marks = parent.marks.splice(0);
    const test = parent.test || marks.some((mark) => /\bcfg\(test\)/.test(mark));
    return { ...frame, scope: joined(parent.scope, name), derived, test };
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

  /** Adds what a node costs the function it is in. */
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

  private leaf(cursor: Cursor, parent: Frame): void {
    const type = cursor.nodeType;
    if (type.includes("comment") || parent.type.includes("comment")) return;
    if (this.defined.has(cursor.startIndex)) return;
    const { open } = parent;
    const text = cursor.nodeText;
    const plain = type === "identifier" && !isMember(cursor, parent);
    if (/identifier(_pattern)?$/.test(type) && !(plain && open?.name === text)) this.uses.add(text);
    if (type === "type_identifier" || (plain && cursor.currentFieldName === "object"))
      this.refers.add(text);
    if (open === null) return;
    const callee = this.grammar.calls[parent.type] === cursor.currentFieldName;
    open.words.push(plain && !callee ? numbered(open.numbers, text) : text);
  }
}

function frameBelow(cursor: Cursor, parent: Frame, type: string): Frame {
  // A condition stands beside what it guards, not in it.
  const guard = parent.nesting > parent.outer && cursor.currentFieldName === "condition";
  const outer = guard ? parent.outer : parent.nesting;
  return { ...parent, type, outer, nesting: outer, operator: null, given: null, marks: [] };
}

function joined(scope: string, name: string): string {
  return scope === "" || name === "" ? scope + name : `${scope}.${name}`;
}

/** `_` and `default` are taken when nothing else is: no path of their own. */
function isDefault(cursor: Cursor, type: string): boolean {
  if (type === "switch_label") return cursor.nodeText.startsWith("default");
  if (type === "match_arm") return cursor.currentNode.childForFieldName("pattern")?.text === "_";
  return type === "case_clause" && cursor.currentNode.firstNamedChild?.text === "_";
}

/** An `if` that is the `else` of another. */
function continuesConditional(cursor: Cursor, parent: Frame): boolean {
  return (
    parent.type === "else_clause" ||
    (parent.type === cursor.nodeType && cursor.currentFieldName === "alternative")
  );
}

const alternatives = new Set(["else_clause", "if_statement", "if_expression"]);
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

/** The boolean operator of a node and how often it stands there; null for other operators. */
function booleanOperator(node: Node): { operator: string | null; times: number } {
  if (node.type === "let_chain") return { operator: "&&", times: node.namedChildCount - 1 };
  const operator = node.childForFieldName("operator")?.type ?? "";
  return /^(&&|\|\||and|or)$/.test(operator)
    ? { operator, times: 1 }
    : { operator: null, times: 0 };
}

/** Whether an identifier names something of another: an attribute, a method, an item of a module. */
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
