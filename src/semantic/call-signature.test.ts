import { describe, expect, test } from "bun:test";
import type { Arguments, Parameter, Signature } from "../languages/symbol-table/symbol-table.ts";
import { argumentMismatch, sameSignature } from "./call-signature.ts";

function parameter(name: string, more: Partial<Parameter> = {}): Parameter {
  return { name, required: true, positional: true, keyword: true, ...more };
}

function signature(parameters: Parameter[], more: Partial<Signature> = {}): Signature {
  return { parameters, rest: false, keywordRest: false, ...more };
}

function given(positional: number, keywords: string[] = [], open = false): Arguments {
  return { positional, keywords, open };
}

const two = signature([parameter("path"), parameter("limit", { required: false })]);
const named = signature([parameter("path"), parameter("mode", { positional: false })]);

describe("argumentMismatch", () => {
  test.each<[string, Signature, Arguments]>([
    ["every parameter passed by position", two, given(2)],
    ["an optional parameter omitted", two, given(1)],
    ["parameters passed by name", two, given(0, ["limit", "path"])],
    ["any number of arguments for a rest parameter", signature([], { rest: true }), given(9)],
    ["any keyword for a keyword rest", signature([], { keywordRest: true }), given(0, ["any"])],
    ["a spread of unknown length", two, given(7, ["any"], true)],
  ])("a call with %s matches", (_how, of, call) => {
    expect(argumentMismatch(call, of)).toBeNull();
  });

  test.each<[string, Signature, Arguments, string]>([
    ["too many arguments", two, given(3), "takes at most 2 arguments, but 3 are given"],
    [
      "an argument for a function without parameters",
      signature([]),
      given(1),
      "takes no arguments, but 1 is given",
    ],
    ["a missing argument", two, given(0), "requires `path`, which this call does not pass"],
    ["an unknown keyword", two, given(1, ["size"]), "has no parameter `size`"],
    ["one parameter passed twice", two, given(1, ["path"]), "receives `path` twice"],
    [
      "a keyword-only parameter passed by position",
      named,
      given(2),
      "takes at most 1 argument, but 2 are given",
    ],
  ])("a call with %s does not match", (_how, of, call, mismatch) => {
    expect(argumentMismatch(call, of)).toBe(mismatch);
  });

  test("a skipped receiver does not count as an argument", () => {
    expect(argumentMismatch(given(3), two, 1)).toBeNull();
  });
});

test("signatures are the same when every parameter and rest is the same", () => {
  expect(sameSignature(two, structuredClone(two))).toBe(true);
  expect(sameSignature(two, named)).toBe(false);
});
