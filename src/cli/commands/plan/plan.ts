/** `dgov plan`; its subcommands load when they are called. */
import { group } from "../../command.ts";

export default group({
  name: "plan",
  description: "Manage plans",
  subcommands: {
    create: {
      description: "Create a plan for a goal with a planner model",
      load: async () => (await import("./create.ts")).default,
    },
    list: {
      description: "List plans and their progress",
      load: async () => (await import("./list.ts")).default,
    },
    status: {
      description: "Show the state of each unit of a plan",
      load: async () => (await import("./status.ts")).default,
    },
    review: {
      description: "Review a plan: each unit with the run that landed it or had it last",
      load: async () => (await import("./review.ts")).default,
    },
    remediate: {
      description: "Write a plan that fixes a degraded or red branch",
      load: async () => (await import("./remediate.ts")).default,
    },
  },
});
