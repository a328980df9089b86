import { expect, test } from "bun:test";
import { sandboxHint } from "./hints.ts";

const tests = { gate: "tests", ownTable: false, network: "none" } as const;

test.each([
  ["curl: (6) Could not resolve host: example.com", 'network_gates = ["tests"]'],
  ["socket.gaierror: [Errno -3] Temporary failure in name resolution", "network_gates"],
  ["Error: getaddrinfo EAI_AGAIN npm.example.org", "network_gates"],
  ["dial tcp: lookup modules.example.org: no such host", "network_gates"],
  ["connect ECONNREFUSED 127.0.0.1:5432", "network_gates"],
  ['connection to server at "localhost", port 5432 failed: Connection refused', "network_gates"],
  ["Cannot connect to the Docker daemon at unix:///var/run/docker.sock", "sockets ="],
  ["Could not access KVM kernel module: /dev/kvm: No such file", "devices ="],
  ["[FATAL:zygote] No usable sandbox!", "--no-sandbox"],
])("the failure %p names the key that opens the sandbox", (output, key) => {
  expect(sandboxHint(output, tests)).toContain(key);
});

test.each([
  "1 failed, 3 passed",
  "AssertionError: expected 5432 to be 5433",
  "thread 'main' panicked: connection refused by the fake server on port 40123",
])("the failure %p is not attributed to the sandbox", (output) => {
  expect(sandboxHint(output, tests)).toBeNull();
});

test("the key is that of the command: a table of [[gates]], a gate of [project], or all commands", () => {
  const output = "Could not resolve host: example.com";
  expect(sandboxHint(output, { gate: "e2e", ownTable: true, network: "none" })).toContain(
    'network = "host" of the gate e2e',
  );
  expect(sandboxHint(output, { gate: null, ownTable: false, network: "none" })).toContain(
    '[sandbox] network = "host"',
  );
  expect(sandboxHint(output, { ...tests, network: "host" })).toBeNull();
});
