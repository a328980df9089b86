/** Failures that the sandbox may have caused: which key of project.toml opens it. Pure. */

/** The command that failed. */
interface ConfinedCommand {
  /** Name of the gate; null for commands of no gate. */
  gate: string | null;
  /** True when the gate is one of `[[gates]]`, which has keys of its own. */
  ownTable: boolean;
  network: "none" | "host";
}

const noNetwork =
  /Temporary failure in name resolution|Could not resolve (?:host|proxy)|EAI_AGAIN|getaddrinfo ENOTFOUND|ENETUNREACH|Network (?:is )?unreachable|dial (?:tcp|udp)\S* .*(?:no such host|unreachable)|lookup \S+.*: (?:no such host|dial|Temporary)|dns error|failed to lookup address|NameResolutionError|Name or service not known|UnknownHostException/;
/** Services on the machine's own ports: databases, queues. */
const noService =
  /(?:ECONNREFUSED|[Cc]onnection refused|could not connect|Can't connect)[\s\S]{0,120}\b(?:5432|3306|6379|27017|9200|5672|9092|11211|1433)\b|\b(?:5432|3306|6379|27017|9200|5672|9092|11211|1433)\b[\s\S]{0,120}(?:ECONNREFUSED|[Cc]onnection refused)/;
const noDocker =
  /docker\.sock|Cannot connect to the Docker daemon|valid Docker environment|docker daemon is not running/i;
const noKvm = /\/dev\/kvm/;
const nestedSandbox = /No usable sandbox|Failed to move to new namespace|SUID sandbox helper/;

/** The remedy for an output that shows what the sandbox refuses; null when it shows nothing of the kind. */
export function sandboxHint(output: string, of: ConfinedCommand): string | null {
  const { gate, ownTable, network } = of;
  const own = ownTable ? ` of the gate ${gate}` : "";
  if (noDocker.test(output)) {
    const table = ownTable ? "" : "[sandbox] ";
    return `the sandbox hides the socket of Docker: ${table}sockets = ["/var/run/docker.sock"]${own}`;
  }
  if (noKvm.test(output)) {
    const table = ownTable ? "" : "[sandbox] ";
    return `the sandbox hides /dev/kvm: ${table}devices = ["/dev/kvm"]${own}`;
  }
  if (nestedSandbox.test(output)) {
    const key = ownTable ? `sandbox = "off"${own}` : `[sandbox] off_gates = ["${gate ?? "tests"}"]`;
    return `the browser's own sandbox does not run in this one: start it with --no-sandbox, or ${key}`;
  }
  if (network === "none" && (noNetwork.test(output) || noService.test(output))) {
    const key =
      gate === null
        ? '[sandbox] network = "host"'
        : ownTable
          ? `network = "host"${own}`
          : `[sandbox] network_gates = ["${gate}"]`;
    return `the sandbox has no network: ${key} if the command needs one`;
  }
  return null;
}
