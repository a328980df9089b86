/** The keys of `[[gates]]` and `[sandbox]`: what runs beside the gates of `[project]`, and what commands may reach. */
import {
  fixedTable,
  flag,
  key,
  naturalNumber,
  nonEmptyText,
  nonNegativeNumber,
  oneOf,
  positiveInteger,
  requiredKey,
  tables,
  textList,
} from "./keys.ts";

export const gates = tables("Gates beside those of [project], each for some paths", {
  name: requiredKey(nonEmptyText, "Name of the gate in verdicts and lists"),
  command: requiredKey(
    nonEmptyText,
    "Shell command; {files} is replaced by the changed files of the gate, relative to cwd",
  ),
  kind: key(
    oneOf("test", "lint", "format", "typecheck", "check"),
    "How a failure is compared with the base: by failing tests, by diagnostics, or (check) by both",
    { default: "check" },
  ),
  paths: key(
    textList,
    "Patterns as in claims; the gate runs when a changed path matches one. Without patterns it always runs",
    { default: [] },
  ),
  cwd: key(nonEmptyText, "Folder in which the command runs, relative to the project", {
    default: ".",
  }),
  timeout_s: key(positiveInteger, "Time limit of each command", {
    derivedDefault: "`settlement_timeout`",
    unit: "seconds",
  }),
  exclusive: key(flag, "Run the command while no other gate command of the run does", {
    default: false,
  }),
  history: key(flag, "Let the command see the target's history, as history_gates does", {
    default: false,
  }),
  shares: key(
    nonEmptyText,
    "Name of a group of gates that may share build outputs of one candidate",
  ),
  network: key(oneOf("none", "host"), "Network of the command", {
    derivedDefault: "that of [sandbox]",
  }),
  sandbox: key(oneOf("on", "off"), "Whether the command runs in the sandbox", { default: "on" }),
  sockets: key(textList, "Unix sockets that the command may reach", { default: [] }),
  devices: key(textList, "Devices below /dev that the command may use", { default: [] }),
});

export const sandbox = fixedTable(
  "Confinement of commands: gates, setup, hooks and the workers' tools",
  {
    mode: key(
      oneOf("auto", "require", "off"),
      "auto confines commands as far as the machine allows; require refuses to run without a sandbox; off confines nothing",
      { default: "auto" },
    ),
    network: key(
      oneOf("none", "host"),
      "Network of commands: a loopback of their own, or the machine's",
      { default: "none" },
    ),
    setup_network: key(oneOf("none", "host"), "Network of setup_cmd, which installs packages", {
      default: "host",
    }),
    network_gates: key(
      textList,
      "Gates whose commands use the machine's network, by name: format, lint, types, tests, coverage or a name of [[gates]]",
      { default: [] },
    ),
    off_gates: key(textList, "Gates whose commands run outside the sandbox, by name", {
      default: [],
    }),
    read: key(textList, "Further files and folders that commands may read; ~ is the home folder", {
      default: [],
    }),
    sockets: key(
      textList,
      "Unix sockets that commands may reach, such as /var/run/docker.sock, which gives them the rights of its service",
      { default: [] },
    ),
    devices: key(textList, "Devices that commands may use, such as /dev/kvm", { default: [] }),
    unix_sockets: key(
      flag,
      "At level landlock, let commands use sockets of the file system, those of other programs included",
      { default: false },
    ),
    memory_gib: key(positiveInteger, "Memory limit of a command; unlimited when missing", {
      unit: "GiB",
    }),
    processes: key(positiveInteger, "Limit of a command's processes; unlimited when missing"),
    file_gib: key(positiveInteger, "Size limit of a file; unlimited when missing", { unit: "GiB" }),
    layers_gib: key(positiveInteger, "Disk space for the layers of gate trees, per repository", {
      default: 20,
      unit: "GiB",
    }),
    upper_mib: key(
      positiveInteger,
      "Memory for what the commands of one gate tree write; more is written on disk",
      { default: 2048, unit: "MiB" },
    ),
    memory_share: key(
      nonNegativeNumber,
      "Part of the machine's memory that all gate trees may take together",
      { default: 0.25 },
    ),
    cold_check: key(
      naturalNumber,
      "Landings after which a run judges the branch once more in a tree without layers; 0 never does",
      { default: 20 },
    ),
  },
);
