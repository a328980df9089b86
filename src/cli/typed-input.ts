/** Input that was typed before a question appeared. */
import { dlopen } from "bun:ffi";
import { once } from "../std/once.ts";

/** TCIFLUSH of `tcflush`: input that was received and not read. */
const inputQueue = process.platform === "darwin" ? 1 : 0;

/** musl answers to the name of glibc as well. */
const library = process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6";

/** The C library's `tcflush`; null where it cannot be loaded. */
const tcflush = once(() => {
  try {
    return dlopen(library, { tcflush: { args: ["int", "int"], returns: "int" } }).symbols.tcflush;
  } catch {
    return null;
  }
});

/** Discards what was typed on stdin and not read yet, in the terminal and in this process. */
export function discardTypedInput(): void {
  if (process.stdin.readableLength > 0) process.stdin.read();
  tcflush()?.(0, inputQueue);
}
