import { expect, test } from "bun:test";
import { viewRemediationNeeds } from "../../src/views/remediation-needs.ts";
import { RunLog } from "../harness/run-log.ts";

const log = (): RunLog => new RunLog({ units: [{ unit: "a" }] });

test("a run that left no problem needs no remediation", () => {
  const end = { verification: { status: "passed", reason: "" }, degraded: false };
  expect(viewRemediationNeeds(log().lands("a").finished("complete", end).events)).toBeNull();
  expect(viewRemediationNeeds(log().rejected("a", 1).finished("failed", end).events)).toBeNull();
  expect(viewRemediationNeeds(log().events)).toBeNull();
});

test("a branch that failed verification needs remediation of its gates", () => {
  const gate = { gate: "tests", reason: "1 failing", command: "make test", tail: "boom\n" };
  const verification = { status: "failed", reason: "tests failed: 1 failing", gates: [gate] };
  expect(
    viewRemediationNeeds(log().lands("a").finished("complete", { verification }).events),
  ).toEqual({
    red: "tests failed: 1 failing",
    gates: [{ ...gate, files: [] }],
    degraded: false,
    offenders: [],
  });
});

test("each gate that failed on the base needs remediation once", () => {
  const gate = {
    gate: "lint",
    reason: "2 diagnostics",
    command: "lint",
    tail: "x",
    blame: "base",
    diagnostics: [{ file: "a.ts" }, { file: "a.ts" }],
  };
  const events = log()
    .rejected("a", 1, { gates: [gate] })
    .rejected("a", 2, { gates: [gate, { ...gate, gate: "tests", blame: "attempt" }] })
    .finished("failed").events;
  expect(viewRemediationNeeds(events)).toMatchObject({
    red: "lint: 2 diagnostics",
    gates: [{ gate: "lint", files: ["a.ts"] }],
  });
});

test("a degraded structure needs remediation of the recorded offenders", () => {
  const offender = { kind: "large_file", path: "a.ts", name: "", value: 600, limit: 500 };
  const end = { degraded: true, structural: { offenders: [offender] } };
  expect(viewRemediationNeeds(log().finished("complete", end).events)).toEqual({
    red: "",
    gates: [],
    degraded: true,
    offenders: [offender],
  });
  expect(
    viewRemediationNeeds(log().finished("complete", { degraded: true }).events)?.offenders,
  ).toEqual([]);
});

test("a base that failed its check needs remediation unless the run fixed it", () => {
  const gate = {
    gate: "lint",
    status: "failed",
    reason: "2 diagnostics",
    command: "lint",
    tail: "x",
  };
  const gates = [gate, { ...gate, gate: "tests", status: "passed", reason: "" }];
  const checked = (end: object): ReturnType<typeof viewRemediationNeeds> =>
    viewRemediationNeeds(
      log()
        .add("base.checked", { tip: "b", gates })
        .finished("failed", { ...end }).events,
    );
  expect(checked({})).toMatchObject({ red: "lint: 2 diagnostics", gates: [{ gate: "lint" }] });
  const reason = "the base was red before";
  expect(checked({ verification: { status: "passed", reason } })).not.toBeNull();
  expect(checked({ verification: { status: "passed", reason: "" } })).toBeNull();
});
