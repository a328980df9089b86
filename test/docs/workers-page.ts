/** `docs/workers.md`: tools, environment and network of workers and gates, generated from the program. */
import {
  childEnvironment,
  isToolchainVariable,
  outputVariables,
  sharingVariables,
  toolchains,
  variableNames,
} from "../../src/process/environment.ts";
import { slotVariables } from "../../src/process/machine-slots.ts";
import type { WorkerRole } from "../../src/worker/protocol.ts";
import { toolsFor } from "../../src/worker/tools/index.ts";
import type { Tool } from "../../src/worker/tools/tool.ts";
import { table } from "./table.ts";

const roles: readonly WorkerRole[] = ["worker", "researcher", "reviewer", "planner"];

/** Groups of variables that a child gets from dgov's own environment; a test of the page covers every name. */
const inherited: Record<string, string> = {
  "PATH, HOME, USER, LOGNAME, SHELL, TMPDIR": "programs, caches and temporary files",
  "LANG, LC_*, TZ": "language and time zone",
  "SSL_CERT_FILE, SSL_CERT_DIR, NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE":
    "certificates of private authorities",
};

const proxies = "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY";

/** Names of the variables that a child gets from an environment that has every one. */
function namesPassed(o: { proxies: boolean }): string[] {
  const every = new Proxy({ LC_ALL: "x" } as Record<string, string>, { get: () => "x" });
  return Object.keys(childEnvironment(every, { deny: [], ...o })).filter(
    (name) => name !== "TERM" && !isToolchainVariable(name),
  );
}

/** Throws when the page's groups of variables are not those of the program. */
function requireCurrent(): void {
  const listed = (groups: readonly string[]): string =>
    JSON.stringify(
      groups.flatMap((group) => group.replace("LC_*", "LC_ALL").split(", ")).toSorted(),
    );
  const lower = proxies.toLowerCase();
  const [fixed, withProxies] = [
    Object.keys(inherited),
    [...Object.keys(inherited), proxies, lower],
  ];
  for (const [groups, passed] of [
    [fixed, namesPassed({ proxies: false })],
    [withProxies, namesPassed({ proxies: true })],
  ] as const) {
    if (listed(groups) !== JSON.stringify(passed.toSorted())) {
      throw new Error(`the variables of src/process/environment.ts are ${passed.join(", ")}`);
    }
  }
}

/** Text of the page. */
export function workersPage(): string {
  requireCurrent();
  return `# Workers

The tools, environment variables, network and files that workers and gates have. The messages that a worker's model gets
are in [Plans](plans.md#compile), limits in [Configuration](configuration.md), attacks and defences in
[Security](security.md).

## Tools

A worker acts through these tools only. The roles that read have no tool that writes a file or runs a command.
\`dgov compile PLAN --show UNIT --json\` prints the definitions as the model gets them.

${toolTable()}

\`[tool_policy]\` restricts \`run_bash\`. \`dgov tools audit\` prints how often each tool was called and failed.

## Environment

Gates, \`setup_cmd\`, hooks and the commands of a worker run with a fixed list of variables, not with yours. They get from
the environment of dgov:

${table(
  ["variable", "for"],
  Object.entries(inherited).map(([names, means]) => ({ names: codes(names), means })),
  ["names", "means"],
)}

They also get the variables of toolchains, when those are set. Without them a command would not find an installation that
is elsewhere, and would download and build again what is in its caches:

${table(
  ["toolchain", "programs", "stores", "settings"],
  Object.entries(toolchains).map(([name, { programs, stores, settings }]) => ({
    name,
    programs: codes(variableNames(programs).join(", ")),
    stores: codes(variableNames(stores).join(", ")),
    settings: codes(variableNames(settings).join(", ")),
  })),
  ["name", "programs", "stores", "settings"],
)}

Stores are shared by all trees, as by all projects of the user: their entries are named by version or content. A folder
inside your checkout becomes the same folder of the tree. Some variables of these toolchains are withheld:

- one that may hold a secret: its name has a word such as \`TOKEN\`, \`PASSWORD\`, \`KEY\` or \`AUTH\`, or its value has a
  URL with a user, the assignment of a password, or a provider's key
- one that names the folder of a project's build output or environment by an absolute path, since a gate would use
  what another candidate built there. With a relative path each tree has its own: ${codes(outputVariables.join(", "))}
- one that makes an installer write into an environment of all trees: ${codes(sharingVariables.join(", "))}

\`dgov doctor\` lists the ones that are passed on and the ones that are withheld. All values are part of the keys of verdicts.

Anything else, such as \`DATABASE_URL\` or a variable that is withheld, has to be named: \`[run] env = ["DATABASE_URL"]\`.
Keys of providers (\`api_key_env\`), \`GIT_AUTHOR_*\`, \`GIT_COMMITTER_*\`, \`EMAIL\` and names that begin with \`DGOV_\` are never passed
on, even if they are listed.

dgov sets, for each worktree and gate tree:

${table(
  ["variable", "value"],
  [
    ...Object.entries(slotVariables(3)).map(([name, value]) => ({
      name: `\`${name}\``,
      value: `${slotMeanings[name as keyof typeof slotMeanings]}, like \`${value}\``,
    })),
    { name: "`TERM`", value: "`dumb`" },
    { name: "`PYTHONDONTWRITEBYTECODE`", value: "`1`" },
    { name: "`TMPDIR`", value: "a folder of its own, for gates and `setup_cmd`" },
    {
      name: "`DGOV_BASE`",
      value:
        "for tools, the commit that the attempt started from; for gates, see [Settlement](settlement.md#gates-that-read-history)",
    },
    {
      name: "`DGOV_ATTEMPT`",
      value: "the attempt that a process belongs to; its processes are found by it",
    },
  ],
  ["name", "value"],
)}

Folders inside your checkout in \`PATH\`, \`PYTHONPATH\`, \`VIRTUAL_ENV\`, \`NODE_PATH\`, \`RUBYLIB\`, \`PERL5LIB\`, \`CLASSPATH\` and
\`LD_LIBRARY_PATH\` are replaced by the same folders of the tree, so that a gate does not test the code of your checkout.

## Network

dgov itself and the worker process, which send the requests to models, use the variables
${codes(proxies)}, also in lower case, and trust the certificates in \`NODE_EXTRA_CA_CERTS\` or
\`SSL_CERT_FILE\`. Export them before \`dgov run\`; no setting is needed.

Gates and tools get the certificate variables, and not those of the proxy, whose address may contain a password. To let
them through: \`[run] env = ["HTTPS_PROXY", "NO_PROXY"]\`. dgov does not restrict the network of gates and tools.

## Files of setup_cmd

\`setup_cmd\` runs in each worktree before the worker starts. A file that it leaves there and that git does not ignore
counts as a change of the attempt, and no claim covers it: the review rejects the attempt with \`scope_violation\`. Add such
files to \`.gitignore\`, or to \`[scope] ignore_files\`, which leaves them out of every attempt that does not claim them.
`;
}

const slotMeanings = {
  DGOV_SLOT: "a number that no other tree in use on the machine has",
  DGOV_PORT_BASE: "the first of 16 ports",
  COMPOSE_PROJECT_NAME: "a compose project of its own",
} satisfies Record<keyof ReturnType<typeof slotVariables>, string>;

function toolTable(): string {
  const byName = new Map<string, { tool: Tool; roles: WorkerRole[] }>();
  for (const role of roles) {
    for (const tool of toolsFor(role)) {
      const row = byName.get(tool.name) ?? { tool, roles: [] };
      row.roles.push(role);
      byName.set(tool.name, row);
    }
  }
  const rows = [...byName.values()].map(({ tool, roles: of }) => ({
    tool: `\`${tool.name}\``,
    roles: of.length === roles.length ? "all" : of.join(", "),
    arguments: codes(Object.keys(tool.parameters.properties).join(", ")),
    description: tool.description,
  }));
  return table(["tool", "roles", "arguments", "description"], rows, [
    "tool",
    "roles",
    "arguments",
    "description",
  ]);
}

/** Names as code, separated by commas. */
function codes(names: string): string {
  return names === ""
    ? ""
    : names
        .split(", ")
        .map((name) => `\`${name}\``)
        .join(", ");
}
