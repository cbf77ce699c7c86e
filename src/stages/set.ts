/** A set of stages: those of files or objects; kinds of the cluster's own that none of them concerns have the built-in ones. */
import { parseYaml } from "#base/yaml.ts";
import { FAST } from "#stages/fast.ts";
import { StageError } from "#stages/fields.ts";
import { type Stage, stageOf } from "#stages/stage.ts";

export interface StageSource {
  /** What refusals call it: a file's name. */
  readonly name: string;
  /** YAML, or objects. */
  readonly stages: string | readonly object[];
}

export const BUILT_IN: StageSource = { name: "fast", stages: FAST };

/** Throws StageError. */
export function stageSet(sources: readonly StageSource[]): readonly Stage[] {
  const own = sources.flatMap(read);
  refuseDoubles(own);
  const kinds = new Set(own.map(s => s.kind));
  const builtIn = read(BUILT_IN);
  return [...own, ...builtIn.filter(s => !kinds.has(s.kind))];
}
function read({ name, stages }: StageSource): Stage[] {
  const values = typeof stages === "string" ? documents(name, stages) : stages;
  return values.flatMap(value => stageOf(value, name) ?? []);
}
function documents(name: string, text: string): unknown[] {
  try {
    return parseYaml(text).flatMap(({ value, problems }) => {
      if (problems.length > 0) throw new StageError(`${name}: ${problems.join(", ")}`);
      const { kind, items } = (value ?? {}) as { kind?: unknown; items?: unknown };
      if (value === null) return [];
      return kind === "List" && Array.isArray(items) ? items : [value];
    });
  } catch (error) {
    throw error instanceof StageError ? error : new StageError(`${name}: ${(error as Error).message}`);
  }
}
/** Throws StageError when two of one kind have a name. */
function refuseDoubles(stages: readonly Stage[]): void {
  const seen = new Set<string>();
  for (const stage of stages) {
    const id = `${stage.kind.kind} ${stage.name}`;
    if (seen.has(id)) throw new StageError(`stage ${stage.name}: there are two of this name for the kind ${stage.kind.kind}`);
    seen.add(id);
  }
}
