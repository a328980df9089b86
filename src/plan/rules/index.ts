/** Every rule a plan must keep. All are asked, and everything they find is shown. */
import type { Rule } from "../facts.ts";
import { cycles } from "./cycles.ts";
import { departments } from "./departments.ts";
import { duplicates } from "./duplicates.ts";
import { existence } from "./existence.ts";
import { headings } from "./headings.ts";
import { imports } from "./imports.ts";
import { mentions } from "./mentions.ts";
import { models } from "./models.ts";
import { overlaps } from "./overlaps.ts";
import { prompts } from "./prompts.ts";
import { recipes } from "./recipes.ts";
import { reserved } from "./reserved.ts";
import { roles } from "./roles.ts";
import { setup } from "./setup.ts";
import { texts } from "./texts.ts";
import { tools } from "./tools.ts";
import { unreachable } from "./unreachable.ts";
import { watching } from "./watching.ts";

export const rules: readonly Rule[] = [
  cycles,
  duplicates,
  texts,
  prompts,
  roles,
  reserved,
  unreachable,
  overlaps,
  existence,
  departments,
  models,
  recipes,
  headings,
  mentions,
  tools,
  imports,
  setup,
  watching,
];
