import { type Duration, durationOf } from "#base/duration.ts";
import { between, faultKind, LONG, named, oneOf } from "./fault.ts";
import { flag, machine, optional, span } from "./fields.ts";

/** A node's wall clock is ahead, or with `behind` behind. */
export interface ClockSkew {
  readonly fault: "clockSkew";
  readonly node: string;
  readonly by: Duration;
  readonly behind?: boolean;
}
export const clockSkew = faultKind<ClockSkew>({
  name: "clockSkew",
  fields: { node: machine, by: span, behind: optional(flag) },
  draw(chance, { nodes }) {
    const node = oneOf(chance, nodes);
    if (node === undefined) return undefined;
    return { fault: "clockSkew", node, by: between(chance, 1000, 3600_000), behind: chance.next() < 0.5, for: between(chance, ...LONG) };
  },
  begin({ node, by, behind = false }, { machines }) {
    const struck = named("machine", machines, node);
    for (const { ailments } of struck) ailments.ahead = durationOf("by", by) * (behind ? -1 : 1);
    return () => {
      for (const { ailments } of struck) ailments.ahead = 0;
    };
  },
});
