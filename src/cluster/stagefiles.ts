/** The stages that a start is told of. */

import { OptionError } from "#cluster/optionerror.ts";
import { FAST_STAGES } from "#cluster/played.ts";
import { readIfThere } from "#host/privatefiles.ts";
import { StageError } from "#stages/fields.ts";
import { BUILT_IN, type StageSource, stageSet } from "#stages/set.ts";
import type { Stage } from "#stages/stage.ts";

/** `files` with commas between them, "fast" for those built in. Throws OptionError. */
export async function readStages(files: string): Promise<readonly Stage[]> {
  const sources: StageSource[] = [];
  for (const name of files.split(",")) {
    if (name === FAST_STAGES) sources.push(BUILT_IN);
    else {
      const text = await readIfThere(name);
      if (text === undefined) throw new OptionError(`--stages: the file ${name} does not exist`);
      sources.push({ name, stages: text });
    }
  }
  try {
    return stageSet(sources);
  } catch (error) {
    throw error instanceof StageError ? new OptionError(`--stages: ${error.message}`) : error;
  }
}
