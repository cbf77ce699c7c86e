import { COMPONENTS, faultKind, isFrom, oneOf } from "./fault.ts";
import { optional, sender } from "./fields.ts";

/** All watches of a component end at once; without `who` everybody's. */
export interface WatchCut {
  readonly fault: "watchCut";
  readonly who?: string;
}
export const watchCut = faultKind<WatchCut>({
  name: "watchCut",
  atOnce: true,
  fields: { who: optional(sender) },
  draw(chance) {
    const who = oneOf(chance, [undefined, ...COMPONENTS]);
    return { fault: "watchCut", ...(who && { who }) };
  },
  begin({ who }, { link }) {
    link.cut(from => isFrom(from, who));
    return () => undefined;
  },
});
