/** Every text that is part of the program, by the path it has in this folder. */
import gitignore from "./gitignore.txt" with { type: "text" };
import governor from "./governor.md" with { type: "text" };
import errorHandling from "./sops/error-handling.md" with { type: "text" };
import testing from "./sops/testing.md" with { type: "text" };

export const assets = {
  "gitignore.txt": gitignore,
  "governor.md": governor,
  "sops/error-handling.md": errorHandling,
  "sops/testing.md": testing,
} as const satisfies Record<string, string>;
