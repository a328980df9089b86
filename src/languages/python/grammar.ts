/** Symbol grammar of Python. */

import {
  argumentsIn,
  isTrailingComma,
  nodeText,
  type SymbolDefinition,
  type SymbolGrammar,
} from "../symbol-table/grammar.ts";
import { childOf, fieldOf, namedChildren, type PlainNode } from "../symbol-table/plain-tree.ts";
import type { Parameter, Signature } from "../symbol-table/symbol-table.ts";

const searched = new Set([
  "if_statement",
  "else_clause",
  "elif_clause",
  "try_statement",
  "except_clause",
  "finally_clause",
  "with_statement",
  "block",
]);

export const pythonGrammar: SymbolGrammar = {
  define(node, text, owner) {
    const inner = node.type === "decorated_definition" ? fieldOf(node, "definition") : node;
    if (inner === null) return [];
    if (inner.type === "function_definition") return [defineFunction(node, inner, text, owner)];
    if (inner.type === "class_definition") return defineClass(node, inner, text);
    if (node.type !== "expression_statement") return [];
    const assignment = childOf(node, "assignment");
    const left = assignment === null ? null : fieldOf(assignment, "left");
    if (left === null) return [];
    const names = left.type === "identifier" ? [left] : namedChildren(left);
    return names
      .filter((name) => name.type === "identifier")
      .map((name) => ({
        name: nodeText(name, text),
        kind: owner === "" ? ("variable" as const) : ("field" as const),
        node,
        value: assignment === null ? null : fieldOf(assignment, "right"),
      }));
  },
  ownerWithin: (node, _text, owner) => (searched.has(node.type) ? owner : null),
  names: new Set(["identifier"]),
  members: { attribute: ["object", "attribute"] },
  wrappers: { parenthesized_expression: "", type: "" },
  self: new Set(),
  call(node, text) {
    const callee = node.type === "call" ? fieldOf(node, "function") : null;
    if (callee === null) return null;
    const list = fieldOf(node, "arguments");
    if (list?.type === "generator_expression") {
      return { callee, arguments: { positional: 1, keywords: [], open: false } };
    }
    const spread = ["list_splat", "dictionary_splat", "ERROR"];
    return { callee, arguments: argumentsIn(list, text, { spread, keyword: "keyword_argument" }) };
  },
  bindings: {
    parameters: ["*"],
    lambda_parameters: ["*"],
    assignment: ["left"],
    augmented_assignment: ["left"],
    for_statement: ["left"],
    for_in_clause: ["left"],
    named_expression: ["name"],
    as_pattern_target: ["*"],
    function_definition: ["name"],
    class_definition: ["name"],
    aliased_import: ["alias"],
    import_statement: ["name"],
    import_from_statement: ["name"],
    case_pattern: ["*"],
  },
  typedVariable(node, text) {
    if (node.type === "typed_parameter" || node.type === "typed_default_parameter") {
      const name = fieldOf(node, "name") ?? childOf(node, "identifier");
      const type = fieldOf(node, "type");
      return name === null || type === null ? null : { variable: nodeText(name, text), type };
    }
    if (node.type !== "assignment") return null;
    const left = fieldOf(node, "left");
    const isOwn = left?.type === "attribute" && /^self\.\w+$/.test(nodeText(left, text));
    if (left === null || !(left.type === "identifier" || isOwn)) return null;
    const right = fieldOf(node, "right");
    const callee = right?.type === "call" ? fieldOf(right, "function") : null;
    // By convention, a called name with a capital letter is a class.
    const constructs = callee !== null && /(^|\.)[A-Z]\w*$/.test(nodeText(callee, text));
    const type = fieldOf(node, "type") ?? (constructs ? callee : null);
    return type === null ? null : { variable: nodeText(left, text), type };
  },
  calledVariable(node, text) {
    if (node.type !== "assignment") return null;
    const [left, right] = [fieldOf(node, "left"), fieldOf(node, "right")];
    const callee = right?.type === "call" ? fieldOf(right, "function") : null;
    return left?.type === "identifier" && callee !== null
      ? { variable: nodeText(left, text), callee }
      : null;
  },
  labels: {
    keyword_argument: ["name"],
    function_definition: ["name"],
    class_definition: ["name"],
    default_parameter: ["name"],
    typed_default_parameter: ["name"],
    attribute: ["attribute"],
  },
  ignored: new Set(["import_statement", "import_from_statement", "future_import_statement"]),
  assigns: {
    assignment: "left",
    augmented_assignment: "left",
    delete_statement: "",
    global_statement: "",
  },
  reexports: (_root, text) => ({
    aliases: new Map(),
    openEnded:
      /^from\s+\S+\s+import\s*\(?\s*\*/m.test(text) ||
      /^(?!\s|#).*\b__getattr__\b|^\s+__getattr__,?\s*$/m.test(text) ||
      /\bglobals\s*\(\s*\)|\bsys\.modules\b/.test(text),
  }),
  guardsMissingNames: (node, text) =>
    node.type === "try_statement" &&
    /^\s*except(\s*:|\b[^:\n]*\b(ImportError|ModuleNotFoundError|AttributeError|NameError|Exception)\b)/m.test(
      nodeText(node, text),
    ),
  isLayout(node, parent, text) {
    // `(1,)` is a tuple, `(1)` is not.
    if (node.type === "," && parent.type !== "tuple") return isTrailingComma(node, text);
    return isDocumentation(node, parent);
  },
};

/** True for a string statement, such as a docstring. */
function isDocumentation(node: PlainNode, parent: PlainNode): boolean {
  return (
    node.type === "string" && parent.type === "expression_statement" && parent.children.length === 1
  );
}

/** Decorators that keep the signature of a function. */
const plainDecorators =
  /^@(staticmethod|classmethod|abstractmethod|abc\.abstractmethod|override|typing\.override|final|(functools\.)?(lru_cache|cache)(\(.*\))?|(contextlib\.)?(async)?contextmanager|pytest\.mark\..*)$/s;

function decoratorsOf(node: PlainNode, text: string): string[] {
  return node.children
    .filter((child) => child.type === "decorator")
    .map((child) => nodeText(child, text).trim());
}

function defineFunction(
  node: PlainNode,
  inner: PlainNode,
  text: string,
  owner: string,
): SymbolDefinition {
  const name = nodeText(fieldOf(inner, "name"), text);
  const decorators = decoratorsOf(node, text);
  const isStatic = decorators.includes("@staticmethod");
  const known = decorators.every((decorator) => plainDecorators.test(decorator));
  const list = fieldOf(inner, "parameters");
  return {
    name,
    kind: "function",
    node,
    signature: known && list !== null ? signatureOf(list, text, owner !== "" && !isStatic) : null,
    constructs: name === "__init__",
    instance: owner !== "" && !isStatic && !decorators.includes("@classmethod"),
    overload: decorators.some((one) => /overload|\.(setter|getter|deleter|register)\b/.test(one)),
    exported: !name.startsWith("_"),
  };
}

const plainClassDecorators =
  /^@((dataclasses\.)?dataclass|(typing\.)?final|(enum\.)?unique|(functools\.)?total_ordering)\b/;

/** True for a class of a library that adds no fields which a subclass could have declared. */
function isPlainBase(base: string): boolean {
  return /^((enum\.)?(Int|Str)?(Enum|Flag)|(models\.)?(Text|Integer)Choices|str|int|object|(abc\.)?ABC|(typing\.)?(NamedTuple|Generic\[.*\])|(pydantic\.)?BaseModel|models\.Model)$/s.test(
    base,
  );
}

function defineClass(node: PlainNode, inner: PlainNode, text: string): SymbolDefinition[] {
  const name = nodeText(fieldOf(inner, "name"), text);
  const decorators = decoratorsOf(node, text);
  const isData = decorators.some((one) => /^@(dataclasses\.)?dataclass\b/.test(one));
  const bases = fieldOf(inner, "superclasses");
  const body = fieldOf(inner, "body");
  const plain =
    isData && bases === null && body !== null && !/kw_only|init=/.test(decorators[0] ?? "");
  return [
    {
      name,
      kind: "type",
      node,
      members: body,
      signature: plain ? dataSignature(body, text) : null,
      constructs: true,
      inherits: bases !== null || decorators.length > 0,
      listsFields:
        decorators.every((one) => plainClassDecorators.test(one)) &&
        (bases === null || namedChildren(bases).every((one) => isPlainBase(nodeText(one, text)))),
      enumerates: /\b\w*(Enum|Flag|Choices)\b/.test(nodeText(bases, text)),
      exported: !name.startsWith("_"),
    },
  ];
}

/** Constructor signature of a data class, from its annotated fields; null when it cannot be derived. */
function dataSignature(body: PlainNode, text: string): Signature | null {
  const parameters: Parameter[] = [];
  for (const child of namedChildren(body)) {
    const field = child.type === "expression_statement" ? childOf(child, "assignment") : null;
    if (nodeText(child, text).startsWith("def __init__")) return null;
    const type = field === null ? null : fieldOf(field, "type");
    if (field === null || type === null) continue;
    const written = nodeText(type, text);
    if (/ClassVar|InitVar|KW_ONLY/.test(written)) return null;
    const value = fieldOf(field, "right");
    if (value !== null && /\binit=|kw_only/.test(nodeText(value, text))) return null;
    const required = value === null || /^field\((?!.*default)/s.test(nodeText(value, text));
    const name = nodeText(fieldOf(field, "left"), text);
    parameters.push({ name, required, positional: true, keyword: true });
  }
  return { parameters, rest: false, keywordRest: false };
}

function signatureOf(list: PlainNode, text: string, hasSelf: boolean): Signature {
  const signature: Signature = { parameters: [], rest: false, keywordRest: false };
  let named = false;
  for (const child of namedChildren(list)) {
    const written = nodeText(child, text);
    if (child.type === "keyword_separator") named = true;
    else if (child.type === "positional_separator") {
      for (const one of signature.parameters) one.keyword = false;
    } else if (written.startsWith("**")) signature.keywordRest = true;
    else if (written.startsWith("*")) {
      signature.rest = true;
      named = true;
    } else {
      const name = nodeText(fieldOf(child, "name"), text) || /^\w+/.exec(written)?.[0] || written;
      const required = !child.type.includes("default");
      signature.parameters.push({ name, required, positional: !named, keyword: true });
    }
  }
  if (hasSelf) signature.parameters.shift();
  return signature;
}
