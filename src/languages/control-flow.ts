/**
 * Node types that complexity metrics count, one table per language. `structure/measure.ts` walks with them.
 * Pure.
 */

import type { SourceLanguage } from "./language.ts";

export interface ControlFlowNodes {
  /** Named function definitions; one without a body is a declaration and is not counted. */
  functions: ReadonlySet<string>;
  /** Anonymous functions: counted as part of the enclosing function. */
  lambdas: ReadonlySet<string>;
  /** Nodes that qualify the names inside them, with the field of their own name. */
  scopes: Readonly<Record<string, string>>;
  /** Nodes that add a path: cyclomatic complexity + 1. */
  branches: ReadonlySet<string>;
  /** Control structures: cognitive complexity + 1 + nesting; their content is nested one deeper. */
  nesting: ReadonlySet<string>;
  /** The `if` node; as the alternative of another `if` it does not nest. */
  conditional: string;
  /** Binary operator nodes, boolean operators included. */
  binary: string;
  /** Call nodes, with the field of the callee. */
  calls: Readonly<Record<string, string>>;
}

const nodeTypes = (words: string): ReadonlySet<string> => new Set(words.split(" "));

const ecma: ControlFlowNodes = {
  functions: nodeTypes("function_declaration generator_function_declaration method_definition"),
  lambdas: nodeTypes("arrow_function function_expression generator_function"),
  scopes: {
    class_declaration: "name",
    abstract_class_declaration: "name",
    class: "name",
    internal_module: "name",
  },
  branches: nodeTypes(
    "if_statement for_statement for_in_statement while_statement do_statement switch_case " +
      "catch_clause ternary_expression",
  ),
  nesting: nodeTypes(
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
    functions: nodeTypes("function_definition"),
    lambdas: nodeTypes("lambda"),
    scopes: { class_definition: "name" },
    branches: nodeTypes(
      "if_statement elif_clause for_statement while_statement except_clause except_group_clause " +
        "case_clause conditional_expression for_in_clause if_clause",
    ),
    nesting: nodeTypes(
      "if_statement for_statement while_statement except_clause except_group_clause " +
        "match_statement conditional_expression",
    ),
    conditional: "if_statement",
    binary: "boolean_operator",
    calls: { call: "function" },
  },
  rust: {
    functions: nodeTypes("function_item"),
    lambdas: nodeTypes("closure_expression"),
    scopes: { impl_item: "type", trait_item: "name", mod_item: "name" },
    branches: nodeTypes("if_expression match_arm while_expression loop_expression for_expression"),
    nesting: nodeTypes(
      "if_expression match_expression while_expression loop_expression for_expression",
    ),
    conditional: "if_expression",
    binary: "binary_expression",
    calls: { call_expression: "function" },
  },
  go: {
    functions: nodeTypes("function_declaration method_declaration"),
    lambdas: nodeTypes("func_literal"),
    scopes: {},
    branches: nodeTypes("if_statement for_statement expression_case type_case communication_case"),
    nesting: nodeTypes(
      "if_statement for_statement expression_switch_statement type_switch_statement " +
        "select_statement",
    ),
    conditional: "if_statement",
    binary: "binary_expression",
    calls: { call_expression: "function" },
  },
  java: {
    functions: nodeTypes(
      "method_declaration constructor_declaration compact_constructor_declaration",
    ),
    lambdas: nodeTypes("lambda_expression"),
    scopes: {
      class_declaration: "name",
      interface_declaration: "name",
      enum_declaration: "name",
      record_declaration: "name",
    },
    branches: nodeTypes(
      "if_statement for_statement enhanced_for_statement while_statement do_statement " +
        "switch_label catch_clause ternary_expression",
    ),
    nesting: nodeTypes(
      "if_statement for_statement enhanced_for_statement while_statement do_statement " +
        "switch_expression catch_clause ternary_expression",
    ),
    conditional: "if_statement",
    binary: "binary_expression",
    calls: { method_invocation: "name", object_creation_expression: "type" },
  },
};
