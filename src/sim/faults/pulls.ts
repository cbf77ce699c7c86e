import { type Duration, durationOf } from "#base/duration.ts";
import { between, faultKind, named, oneOf, SHORT } from "./fault.ts";
import { flag, machine, optional, span } from "./fields.ts";

/** Images come slowly, or with `fails` not at all; without a node everywhere. */
export interface Pulls {
  readonly fault: "pulls";
  readonly node?: string;
  readonly take?: Duration;
  readonly fails?: boolean;
}
export const pulls = faultKind<Pulls>({
  name: "pulls",
  fields: { node: optional(machine), take: optional(span), fails: optional(flag) },
  draw(chance, { nodes }) {
    const node = oneOf(chance, [undefined, ...nodes]);
    const how = chance.next() < 0.5 ? { fails: true } : { take: between(chance, ...SHORT) };
    return { fault: "pulls", ...(node !== undefined && { node }), ...how, for: between(chance, ...SHORT) };
  },
  begin({ node, take = 0, fails }, { machines }) {
    const struck = named("machine", machines, node);
    for (const { ailments } of struck) {
      ailments.pullTakes = durationOf("take", take);
      ailments.pullFails = fails ? "dial tcp: lookup registry: i/o timeout" : undefined;
    }
    return () => {
      for (const { ailments } of struck) Object.assign(ailments, { pullTakes: 0, pullFails: undefined });
    };
  },
});
