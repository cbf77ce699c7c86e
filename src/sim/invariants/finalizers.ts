import { Namespace } from "#kinds/core/v1/namespace.ts";
import { type Invariant, nameOf } from "./invariant.ts";

/** Nothing goes while a finalizer holds it. */
export const finalizers: Invariant = {
  name: "no finalizer is skipped",
  begin(seen) {
    /** Deletions of what was held: whose work they were is told a moment later. */
    const held = new Map<number, string>();
    const told = () => {
      for (const [revision, says] of held) {
        held.delete(revision);
        if (seen.isRequestedDeletion(revision)) return says;
      }
      return undefined;
    };
    return {
      wrote({ kind, object, old, revision }) {
        const says = told();
        if (object || !old) return says;
        const by = [...(old.metadata.finalizers ?? []), ...(kind === Namespace ? ((old as Namespace).spec.finalizers ?? []) : [])];
        if (by.length > 0) held.set(revision, `${kind.kind} ${nameOf(old)} went while ${by.join(", ")} held it`);
        return says;
      },
      quiet: told,
    };
  },
};
