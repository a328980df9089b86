/** The rules that every plan is checked against. Each is applied; their diagnostics are reported together. */
import type { Rule } from "../rule-context.ts";
import {
  claimedFilesExist,
  departmentClaims,
  ignoredClaims,
  importedFiles,
  manifestLockfiles,
  overlappingClaims,
  reservedClaims,
} from "./claims.ts";
import { gateHistory, setupFiles, taskModels, testRecipes } from "./environment.ts";
import { promptHeadings, promptSource, unclaimedMentions, verifyPrograms } from "./prompts.ts";
import {
  dependencyCycles,
  reportOnlyTasks,
  requiredText,
  roleRequirements,
  similarIds,
} from "./tasks.ts";

export const rules: readonly Rule[] = [
  dependencyCycles,
  similarIds,
  requiredText,
  promptSource,
  roleRequirements,
  reservedClaims,
  ignoredClaims,
  overlappingClaims,
  claimedFilesExist,
  manifestLockfiles,
  departmentClaims,
  taskModels,
  testRecipes,
  promptHeadings,
  unclaimedMentions,
  verifyPrograms,
  importedFiles,
  setupFiles,
  gateHistory,
  reportOnlyTasks,
];
