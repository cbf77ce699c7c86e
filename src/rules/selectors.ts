/** Selectors of objects that do not change, read once. */
import { type LabelSelectorObject, nothing, type Selector, selectorOf } from "#base/selector.ts";

const known = new WeakMap<LabelSelectorObject, Selector>();

/** The selector of a LabelSelector; one that cannot be read, or is absent, matches nothing. Frozen ones are read once. */
export function selectorFor(object: LabelSelectorObject | undefined): Selector {
  if (!object) return nothing;
  const found = known.get(object);
  if (found) return found;
  let selector = nothing;
  try {
    selector = selectorOf(object);
  } catch {
    // stored before validation was what it is: it selects nothing
  }
  if (Object.isFrozen(object)) known.set(object, selector);
  return selector;
}
