/** `dgov worker` (hidden): the worker process of a run. One request on stdin, messages on stdout. */
import { command } from "../../command.ts";

export default command({
  name: "worker",
  description: "Run one worker (internal)",
  hidden: true,
  args: {},
  examples: ["dgov worker < request.json"],
  async run() {
    const { workerMain } = await import("../../../worker/main.ts");
    return workerMain();
  },
});
