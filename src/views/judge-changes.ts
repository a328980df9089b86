/** Changes of what judges an attempt, as `attempt.judge_changed` records them, and their text. */
import { objectListField, textField } from "./data.ts";

export interface JudgeChangeView {
  path: string;
  what: string;
}

/** The changes in the data of a record. */
export function viewJudgeChanges(data: Record<string, unknown>): JudgeChangeView[] {
  return objectListField(data, "changes").map((change) => ({
    path: textField(change, "path"),
    what: textField(change, "what"),
  }));
}

/** One line that names every change. */
export function judgeChangeText(changes: readonly JudgeChangeView[]): string {
  return `judge_changed: ${changes.map(({ path, what }) => `${path} (${what})`).join(", ")}`;
}
