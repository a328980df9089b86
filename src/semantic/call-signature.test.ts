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

describe("a call fits", () => {
  test.each<[string, Signature, Arguments]>([
    ["by position", two, given(2)],
    ["without what may be left out", two, given(1)],
    ["by name", two, given(0, ["limit", "path"])],
    ["any number of arguments", signature([], { rest: true }), given(9)],
    ["any name", signature([], { keywordRest: true }), given(0, ["any"])],
    ["when nobody can count its arguments", two, given(7, ["any"], true)],
  ])("%s", (_how, of, call) => {
    expect(argumentMismatch(call, of)).toBeNull();
  });
});

describe("a call does not fit", () => {
  test.each<[string, Signature, Arguments, string]>([
    ["too many", two, given(3), "takes at most 2 arguments, but 3 are given"],
    ["none taken", signature([]), given(1), "takes no arguments, but 1 is given"],
    ["too few", two, given(0), "needs `path`, which this call does not give"],
    ["an unknown name", two, given(1, ["size"]), "has no parameter `size`"],
    ["the same twice", two, given(1, ["path"]), "gets `path` twice"],
    ["a name that has no place", named, given(2), "takes at most 1 argument, but 2 are given"],
  ])("%s", (_how, of, call, words) => {
    expect(argumentMismatch(call, of)).toBe(words);
  });

  test("the object itself is no argument", () => {
    expect(argumentMismatch(given(3), two, 1)).toBeNull();
  });
});

test("signatures are the same when they are called in the same ways", () => {
  expect(sameSignature(two, structuredClone(two))).toBe(true);
  expect(sameSignature(two, named)).toBe(false);
});
