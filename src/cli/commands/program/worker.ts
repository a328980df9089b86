import { command } from "../../command.ts";

/** The child program: one request on stdin, messages on stdout. Started by `run`, never by people. */
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
