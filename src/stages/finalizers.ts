/** What a stage does to finalizers, as a JSON patch (RFC 6902). */
import type { StageStep } from "#stages/stage.ts";

export interface Operation {
  readonly op: "add" | "remove";
  readonly path: string;
  readonly value?: string | readonly string[];
}
const PATH = "/metadata/finalizers";

/** Empty: there is nothing to do. Those to be removed go first; all of them, where none stays. */
export function finalizerOperations(has: readonly string[], { add, remove, empty }: StageStep & { do: "finalizers" }): Operation[] {
  const kept = empty ? [] : has.filter(f => !remove.includes(f));
  const fresh = add.filter(f => !kept.includes(f));
  const operations: Operation[] = [];
  if (kept.length === 0) {
    if (has.length > 0) operations.push({ op: "remove", path: PATH });
    if (fresh.length > 0) operations.push({ op: "add", path: PATH, value: fresh });
    return operations;
  }
  // from the end, so that those before keep their places
  for (let i = has.length - 1; i >= 0; i--) if (!kept.includes(has[i]!)) operations.push({ op: "remove", path: `${PATH}/${i}` });
  return [...operations, ...fresh.map(value => ({ op: "add" as const, path: `${PATH}/-`, value }))];
}
