import { SelectorError, selectorOf } from "#base/selector.ts";
import type { LabelSelector } from "#kinds/meta/v1/labelselector.ts";

/** The string form of a label selector, as /scale shows it; undefined for one that is malformed. "" selects everything. */
export function selectorString(selector: LabelSelector): string | undefined {
  try {
    return selectorOf(selector).toString();
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}
