import { group } from "../../command.ts";

/** `dgov plan ...`; each subcommand is loaded when it is asked for. */
export default group({
  name: "plan",
  description: "Manage plans",
  subcommands: {
    create: {
      description: "Have a planner turn a goal into a plan",
      load: async () => (await import("./create.ts")).default,
    },
    list: {
      description: "List plans and how far they are",
      load: async () => (await import("./list.ts")).default,
    },
    status: {
      description: "Show where each unit of a plan stands",
      load: async () => (await import("./status.ts")).default,
    },
    review: {
      description: "Review the last run of a plan",
      load: async () => (await import("./review.ts")).default,
    },
    remediate: {
      description: "Plan the repair of a degraded or red branch",
      load: async () => (await import("./remediate.ts")).default,
    },
  },
});
