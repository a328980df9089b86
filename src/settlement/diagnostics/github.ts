/** Annotations that many tools write for CI: `::error file=f,line=1,col=2,title=rule::message`. */
import { diagnostic, oneLine, type Reader } from "./diagnostic.ts";

export const github: Reader = oneLine(
  /^::(error|warning|notice) ([^:]*(?::(?!:)[^:]*)*)::(.*)$/,
  ([, severity, properties, text]) => {
    const of = (name: string): string | undefined =>
      new RegExp(`(?:^|,)${name}=([^,]*)`).exec(properties ?? "")?.[1];
    // Some repeat the place in front of the message, where it would tell old ones apart by line.
    const message = (text ?? "").split("%0A")[0]?.replace(/^\S+?:\d+(:\d+)?: /, "");
    return diagnostic({
      file: of("file"),
      line: of("line"),
      column: of("col"),
      code: of("title"),
      message,
      severity: severity === "error" ? "error" : "warning",
    });
  },
);
