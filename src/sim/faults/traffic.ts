import { type Duration, durationOf } from "#base/duration.ts";
import type { Passage, PassageFate } from "#sim/traffic.ts";
import { rateOf } from "./answer.ts";
import { between, faultKind, oneOf, SHORT } from "./fault.ts";
import { among, machine, optional, rate, span } from "./fields.ts";

/** What pods of different nodes send each other is harmed at a rate. Delays differ from one to the next, so that requests overtake each other. */
export interface TrafficFault {
  readonly fault: "traffic";
  /** `repeat`: a request arrives twice, as a proxy may send it again; not POST and PATCH, which HTTP does not let it repeat (RFC 9110, 9.2.2). */
  readonly does: "loseRequest" | "loseAnswer" | "delay" | "repeat";
  /** From 0 to 1. */
  readonly rate: number;
  /** The node of who asks, and of who is asked; any, if it is not said. */
  readonly from?: string;
  readonly to?: string;
  /** The longest delay; 5 s. */
  readonly by?: Duration;
}
const KINDS = ["loseRequest", "loseAnswer", "delay", "repeat"] as const;
const MOST = 5000;

export const traffic = faultKind<TrafficFault>({
  name: "traffic",
  fields: { does: among(KINDS), rate, from: optional(machine), to: optional(machine), by: optional(span) },
  onlyNamed: true,
  draw(chance, { nodes }) {
    if (nodes.length < 2) return undefined;
    const does = oneOf(chance, KINDS) ?? "delay";
    const to = oneOf(chance, [undefined, ...nodes]);
    return { fault: "traffic", does, rate: rateOf(chance), ...(to !== undefined && { to }), for: between(chance, ...SHORT) };
  },
  begin({ does, rate, from, to, by = MOST }, { traffic }, chance) {
    const most = durationOf("by", by);
    const some = () => Math.ceil(chance.next() * most);
    const fate = ({ repeats }: Passage): PassageFate | undefined => {
      switch (does) {
        case "loseRequest":
          return { lost: true };
        case "loseAnswer":
          return { answerLost: true };
        case "delay":
          return chance.next() < 0.5 ? { delay: some() } : { answerDelay: some() };
        case "repeat":
          return repeats ? { again: some() } : undefined;
      }
    };
    const rule = (p: Passage) => {
      const meant = (from === undefined || from === p.from) && (to === undefined || to === p.to);
      return meant && chance.next() < rate ? fate(p) : undefined;
    };
    traffic.rules.add(rule);
    return () => traffic.rules.delete(rule);
  },
});
