/** Appending to the event log: one durable transaction per lifecycle event, batches of telemetry. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEventLog } from "../../src/log/event-log.ts";
import { type Benchmark, median, timed } from "./figure.ts";

const rounds = 10;
const lifecycle = 500;
const telemetry = 20_000;

const event = {
  run: "r",
  plan: "p",
  unit: "tasks/main.a",
  attempt: 1,
  data: { text: "x".repeat(100) },
};

const benchmark: Benchmark = {
  name: "log",
  async run() {
    const root = mkdtempSync(join(tmpdir(), "dgov-bench-"));
    try {
      using log = openEventLog(root);
      const rates = { lifecycle: [] as number[], telemetry: [] as number[] };
      for (let round = 0; round <= rounds; round++) {
        const one = await timed(() => {
          for (let i = 0; i < lifecycle; i++) log.append([{ ...event, type: "gate.started" }]);
        });
        const many = await timed(() => {
          for (let i = 0; i < telemetry; i++) log.note({ ...event, type: "call" });
          log.flush();
        });
        if (round === 0) continue;
        rates.lifecycle.push((lifecycle / one) * 1000);
        rates.telemetry.push((telemetry / many) * 1000);
      }
      const of = { unit: "events/s", runs: rounds, ratio_to: null, aim: null };
      return [
        {
          name: "lifecycle events appended, one transaction each",
          value: median(rates.lifecycle),
          ...of,
        },
        { name: "telemetry events noted, batches of 200", value: median(rates.telemetry), ...of },
      ];
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  },
};

export default benchmark;
