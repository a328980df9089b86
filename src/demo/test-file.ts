/** Tests of the sample project, as text. */

/** A test file for one function; `body` are its expectations. */
export function testFile(name: string, from: string, body: string): string {
  return `import { expect, test } from "bun:test";
import { ${name} } from "${from}";

test("${name}", () => {
  ${body}
});
`;
}
