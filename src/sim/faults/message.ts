import { type Duration, durationOf } from "#base/duration.ts";
import type { Fate, Message } from "#sim/link.ts";
import { rateOf } from "./answer.ts";
import { between, COMPONENTS, faultKind, isFrom, oneOf, SHORT } from "./fault.ts";
import { among, optional, rate, sender, span } from "./fields.ts";

/** Messages between a component and the API are harmed at a rate. Delays differ from one to the next, so that they overtake each other. */
export interface MessageFault {
  readonly fault: "message";
  /** `repeat`: a request arrives twice, as a proxy may send it again; not creations, which HTTP does not let it repeat (RFC 9110, 9.2.2). */
  readonly does: "loseRequest" | "loseAnswer" | "delay" | "repeat" | "cutWatch";
  /** From 0 to 1. */
  readonly rate: number;
  readonly who?: string;
  /** The longest delay; 5 s. */
  readonly by?: Duration;
}
const KINDS = ["loseRequest", "loseAnswer", "delay", "repeat", "cutWatch"] as const;
const MOST = 5000;

export const message = faultKind<MessageFault>({
  name: "message",
  fields: { does: among(KINDS), rate, who: optional(sender), by: optional(span) },
  draw(chance) {
    const does = oneOf(chance, KINDS) ?? "delay";
    const who = oneOf(chance, [undefined, ...COMPONENTS]);
    return { fault: "message", does, rate: rateOf(chance), ...(who && { who }), for: between(chance, ...SHORT) };
  },
  begin({ does, rate, who, by }, { link }, chance) {
    const most = durationOf("by", by ?? MOST);
    const some = () => Math.ceil(chance.next() * most);
    const fate = ({ request, watches }: Message): Fate | undefined => {
      switch (does) {
        case "loseRequest":
          return { lost: "read tcp 198.18.0.1:6443: i/o timeout", lostAfter: most };
        case "loseAnswer":
          return watches ? undefined : { answerLost: "read tcp 198.18.0.1:6443: connection reset by peer", lostAfter: some() };
        case "delay":
          return chance.next() < 0.5 ? { delay: some() } : { answerDelay: some() };
        case "repeat":
          return watches || request.method === "POST" ? undefined : { again: some() };
        case "cutWatch":
          return watches ? { cutAfter: some() } : undefined;
      }
    };
    const rule = (m: Message) => (isFrom(m.from, who) && chance.next() < rate ? fate(m) : undefined);
    link.rules.add(rule);
    return () => link.rules.delete(rule);
  },
});
