/** A loopback server that answers with exact bytes and records its requests. */
import { createServer } from "node:http";

export interface RawAnswer {
  status?: number;
  headers?: Record<string, string>;
  /** Written one by one, each flushed before the next. */
  pieces: (string | Uint8Array)[];
}

export interface RawRequest {
  path: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

export interface RawServer extends AsyncDisposable {
  baseUrl: string;
  requests: RawRequest[];
}

/** Serves the answers in order; the last one is repeated. */
export async function rawServer(...answers: RawAnswer[]): Promise<RawServer> {
  const requests: RawRequest[] = [];
  const server = createServer(async (request, response) => {
    const text = await new Response(request as unknown as ReadableStream).text();
    const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
    const body = JSON.parse(text) as Record<string, unknown>;
    requests.push({ path: request.url ?? "", headers: Object.fromEntries(headers), body });
    const answer = answers[Math.min(requests.length, answers.length) - 1] ?? { pieces: [] };
    response.writeHead(answer.status ?? 200, {
      "content-type": "text/event-stream",
      ...answer.headers,
    });
    for (const piece of answer.pieces) {
      response.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** Chunks as server-sent events; a string is sent unchanged. */
export function events(...chunks: (object | string)[]): RawAnswer {
  const pieces = chunks.map((chunk) =>
    typeof chunk === "string" ? chunk : `data: ${JSON.stringify(chunk)}\n\n`,
  );
  return { pieces };
}

/** One JSON document. */
export function document(value: unknown, status = 200): RawAnswer {
  const headers = { "content-type": "application/json" };
  return { status, headers, pieces: [JSON.stringify(value)] };
}
