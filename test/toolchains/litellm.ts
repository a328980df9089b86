/** The LiteLLM proxy as a subprocess on the loopback, in front of a scripted server. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const masterKey = "sk-proxy-0123456789";

/** Name of a model that the proxy offers, and its LiteLLM parameters. */
export type ProxyModel = [name: string, params: Record<string, unknown>];

export interface LiteLlm extends AsyncDisposable {
  baseUrl: string;
}

/** Starts `litellm` and waits until it answers; throws with its stderr when it does not. */
export async function startLiteLlm(program: string, models: ProxyModel[]): Promise<LiteLlm> {
  const folder = mkdtempSync(join(tmpdir(), "dgov-litellm-"));
  const port = await freePort();
  const list = models.map(([name, params]) => ({ model_name: name, litellm_params: params }));
  // JSON is valid YAML.
  const config = { model_list: list, general_settings: { master_key: masterKey } };
  writeFileSync(join(folder, "config.yaml"), JSON.stringify(config));
  const argv = [program, "--config", "config.yaml", "--host", "127.0.0.1", "--port", String(port)];
  const child = Bun.spawn(argv, {
    cwd: folder,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      // Without this variable the proxy downloads prices when it starts.
      LITELLM_LOCAL_MODEL_COST_MAP: "True",
      DISABLE_ADMIN_UI: "True",
    },
    stdio: ["ignore", Bun.file(join(folder, "out")), Bun.file(join(folder, "err"))],
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  };
  const root = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) break;
    const alive = await fetch(`${root}/health/liveliness`).catch(() => null);
    if (alive?.ok) return { baseUrl: `${root}/v1`, [Symbol.asyncDispose]: stop };
    await Bun.sleep(100);
  }
  const stderr = await Bun.file(join(folder, "err")).text();
  await stop();
  throw new Error(`litellm did not start: ${stderr.slice(-2000)}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
