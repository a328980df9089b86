/** What the nodes of each grammar count for. One table a language; the walk is in `facts.ts`. Pure. */

import type { LanguageName } from "./parser.ts";

export type SourceLanguage = Exclude<LanguageName, "bash">;

export interface ControlFlowNodes {
  /** Definitions with a name of their own. Without a body they are only announced, and not counted. */
  functions: ReadonlySet<string>;
  /** Functions without a name: they belong to the function around them. */
  lambdas: ReadonlySet<string>;
  /** What qualifies the names inside it: node to the field that holds its name. */
  scopes: Readonly<Record<string, string>>;
  /** Nodes that add a path: cyclomatic + 1. */
  branches: ReadonlySet<string>;
  /** Control structures: cognitive + 1 + nesting, and what is in them is one deeper. */
  nesting: ReadonlySet<string>;
  /** The `if` of the language; one that is another's alternative goes on instead of going deeper. */
  conditional: string;
  /** Binary operators, among them the boolean ones. */
  binary: string;
  /** Nodes of a call, and the field that says what is called. */
  calls: Readonly<Record<string, string>>;
}

const set = (words: string): ReadonlySet<string> => new Set(words.split(" "));

const ecma: ControlFlowNodes = {
  functions: set("function_declaration generator_function_declaration method_definition"),
  lambdas: set("arrow_function function_expression generator_function"),
  scopes: {
    class_declaration: "name",
    abstract_class_declaration: "name",
    class: "name",
    internal_module: "name",
  },
  branches: set(
    "if_statement for_statement for_in_statement while_statement do_statement switch_case " +
      "catch_clause ternary_expression",
  ),
  nesting: set(
    "if_statement for_statement for_in_statement while_statement do_statement switch_statement " +
      "catch_clause ternary_expression",
  ),
  conditional: "if_statement",
  binary: "binary_expression",
  calls: { call_expression: "function", new_expression: "constructor" },
};

export const controlFlowNodes: Readonly<Record<SourceLanguage, ControlFlowNodes>> = {
  typescript: ecma,
  tsx: ecma,
  javascript: ecma,
  python: {
    functions: set("function_definition"),
    lambdas: set("lambda"),
    scopes: { class_definition: "name" },
    branches: set(
      "if_statement elif_clause for_statement while_statement except_clause except_group_clause " +
        "case_clause conditional_expression for_in_clause if_clause",
    ),
    nesting: set(
      "if_statement for_statement while_statement except_clause except_group_clause " +
        "match_statement conditional_expression",
    ),
    conditional: "if_statement",
    binary: "boolean_operator",
    calls: { call: "function" },
  },
  rust: {
    functions: set("function_item"),
    lambdas: set("closure_expression"),
    scopes: { impl_item: "type", trait_item: "name", mod_item: "name" },
    branches: set("if_expression match_arm while_expression loop_expression for_expression"),
    nesting: set("if_expression match_expression while_expression loop_expression for_expression"),
    conditional: "if_expression",
    binary: "binary_expression",
    calls: { call_expression: "function" },
  },
  go: {
    functions: set("function_declaration method_declaration"),
    lambdas: set("func_literal"),
    scopes: {},
    branches: set("if_statement for_statement expression_case type_case communication_case"),
    nesting: set(
      "if_statement for_statement expression_switch_statement type_switch_statement " +
        "select_statement",
    ),
    conditional: "if_statement",
    binary: "binary_expression",
    calls: { call_expression: "function" },
  },
  java: {
    functions: set("method_declaration constructor_declaration compact_constructor_declaration"),
    lambdas: set("lambda_expression"),
    scopes: {
      class_declaration: "name",
      interface_declaration: "name",
      enum_declaration: "name",
      record_declaration: "name",
    },
    branches: set(
      "if_statement for_statement enhanced_for_statement while_statement do_statement " +
        "switch_label catch_clause ternary_expression",
    ),
    nesting: set(
      "if_statement for_statement enhanced_for_statement while_statement do_statement " +
        "switch_expression catch_clause ternary_expression",
    ),
    conditional: "if_statement",
    binary: "binary_expression",
    calls: { method_invocation: "name", object_creation_expression: "type" },
  },
};

/** Whether a language has a table here. */
export function isSourceLanguage(language: string | null): language is SourceLanguage {
  return language !== null && Object.hasOwn(controlFlowNodes, language);
}
