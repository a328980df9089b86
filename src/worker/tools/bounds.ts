/** Results of bounded size: head and tail, and a word on what is between. Pure. */
import type { ToolResult } from "./tool.ts";

/** The result with at most `bytesMax` bytes of text. */
export function bounded(result: ToolResult, bytesMax: number): ToolResult {
  const bytes = Buffer.from(result.text);
  if (bytes.length <= bytesMax) return result;
  const half = Math.floor((bytesMax - 160) / 2);
  const head = decode(bytes.subarray(0, half));
  const tail = decode(bytes.subarray(bytes.length - half));
  const left = bytes.length - 2 * half;
  const text = `${head}\n[... ${left} of ${bytes.length} bytes left out; ask for less at a time ...]\n${tail}`;
  return { ...result, text, clipped: true, rawBytes: bytes.length };
}

/** Text of bytes cut anywhere: halves of characters at the ends go. */
function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/^\uFFFD+|\uFFFD+$/g, "");
}
