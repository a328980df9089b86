import { describe, expect, test } from "bun:test";
import type { CompiledPlan } from "./compiled.ts";
import { renderGraph } from "./graph.ts";

function plan(edges: Record<string, string[]>): CompiledPlan {
  const tasks = Object.entries(edges).map(([id, dependsOn]) => ({ id, dependsOn }));
  return { tasks } as unknown as CompiledPlan;
}

const diamond = plan({
  "s/m.a": [],
  "s/m.b": ["s/m.a"],
  "s/m.c": ["s/m.a"],
  "s/m.d": ["s/m.b", "s/m.c"],
  "s/m.e": ["s/m.d"],
  "s/m.x": [],
});

describe("renderGraph", () => {
  test("the tree lists the dependents of a unit once", () => {
    expect(renderGraph(diamond, "tree")).toBe(`s/m.a
├─ s/m.b
│  └─ s/m.d
│     └─ s/m.e
└─ s/m.c
   └─ s/m.d ...
s/m.x`);
  });

  test("the graph is rendered as Mermaid", () => {
    expect(renderGraph(plan({ "s/m.a": [], "s/m.b": ["s/m.a"] }), "mermaid")).toBe(
      'graph TD\n  u0["s/m.a"]\n  u1["s/m.b"]\n  u0 --> u1',
    );
  });

  test("the graph is rendered as Graphviz dot", () => {
    expect(renderGraph(plan({ "s/m.a": [], "s/m.b": ["s/m.a"] }), "dot")).toBe(
      'digraph plan {\n  "s/m.a";\n  "s/m.b";\n  "s/m.a" -> "s/m.b";\n}',
    );
  });

  test("a chain of 10,000 units is rendered (E7)", () => {
    const chain = plan(
      Object.fromEntries(
        Array.from({ length: 10_000 }, (_, i) => [`t${i}`, i === 0 ? [] : [`t${i - 1}`]]),
      ),
    );
    expect(renderGraph(chain, "tree").split("\n").length).toBe(10_000);
  });
});
