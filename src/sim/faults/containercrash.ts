import { faultKind, named, oneOf } from "./fault.ts";
import { count as atLeast, machine, optional } from "./fields.ts";

/** Running containers end by themselves, with an error; which ones is left to chance. */
export interface ContainerCrash {
  readonly fault: "containerCrash";
  readonly node?: string;
  /** How many; 1. */
  readonly count?: number;
}
export const containerCrash = faultKind<ContainerCrash>({
  name: "containerCrash",
  atOnce: true,
  fields: { node: optional(machine), count: optional(atLeast(1)) },
  draw(chance, { nodes }) {
    const node = oneOf(chance, [undefined, ...nodes]);
    return { fault: "containerCrash", ...(node !== undefined && { node }), count: 1 + Math.floor(chance.next() * 4) };
  },
  begin({ node, count = 1 }, { machines }, chance) {
    for (let i = 0; i < count; i++) {
      const all = named("machine", machines, node).flatMap(({ runtime }) => runtime.running().map(id => ({ runtime, id })));
      const struck = oneOf(chance, all);
      struck?.runtime.kill(struck.id, 137);
    }
    return () => undefined;
  },
});
