/** Which of a namespace's objects belong to an owner that selects them: adopt orphans that match, release own ones that no longer do. */
import type { Selector } from "#base/selector.ts";
import { patch, type Step } from "#client/steps.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import { adoption, controllerOf, release } from "#rules/owners.ts";

export interface Claim<T> {
  /** Owned and matching, with those to be adopted. */
  readonly mine: readonly T[];
  readonly steps: readonly Step[];
}
export interface Claimant {
  readonly kind: Kind;
  readonly object: KubeObject;
  readonly selector: Selector;
  readonly mayAdopt: boolean;
}
/** Whether an object could be adopted: then the owner must be read live first, as it may be on its way out. */
export function adoptable(object: KubeObject, selector: Selector): boolean {
  return !controllerOf(object) && !object.metadata.deletionTimestamp && selector.matches(object.metadata.labels);
}
export function claim<T extends KubeObject>(owner: Claimant, kind: Kind<T>, objects: readonly T[]): Claim<T> {
  const mine: T[] = [];
  const steps: Step[] = [];
  const going = owner.object.metadata.deletionTimestamp !== undefined;
  for (const object of objects) {
    const controller = controllerOf(object);
    if (controller) {
      if (controller.uid !== owner.object.metadata.uid) continue;
      if (owner.selector.matches(object.metadata.labels)) mine.push(object);
      else if (!going)
        steps.push(patch(kind, object, "strategic", release(owner.object, object), "its labels no longer match the selector of its owner"));
    } else if (owner.mayAdopt && !going && adoptable(object, owner.selector)) {
      mine.push(object);
      const because = `it matches the selector of ${owner.object.metadata.name} and has no owner`;
      steps.push(patch(kind, object, "strategic", adoption(owner.kind, owner.object, object), because));
    }
  }
  return { mine, steps };
}
