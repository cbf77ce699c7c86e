import type { KubeObject } from "#kinds/kind.ts";
import { type Invariant, nameOf } from "./invariant.ts";

/** Once all is quiet, nothing stands whose owners are all gone, and nothing that is being deleted without a reason to wait. */
export const owners: Invariant = {
  name: "owned objects end with their owners",
  begin: seen => ({
    quiet() {
      const uids = new Set<string>();
      for (const { object } of seen.all()) uids.add(object.metadata.uid ?? "");
      for (const { kind, object } of seen.all()) {
        const references = object.metadata.ownerReferences ?? [];
        if (references.length > 0 && references.every(r => !uids.has(r.uid)))
          return `${kind.kind} ${nameOf(object)} outlives its owner, ${references[0]?.kind} ${references[0]?.name}`;
        if (object.metadata.deletionTimestamp && !isHeld(object))
          return `${kind.kind} ${nameOf(object)} is being deleted, and nothing holds it`;
      }
      return undefined;
    },
  }),
};
/** By a finalizer (a namespace's stand in its spec), or by the kubelet of the node that a pod is bound to. */
function isHeld({
  metadata,
  spec,
}: KubeObject & { readonly spec?: { readonly finalizers?: readonly string[]; readonly nodeName?: string } }): boolean {
  return (metadata.finalizers?.length ?? 0) > 0 || (spec?.finalizers?.length ?? 0) > 0 || Boolean(spec?.nodeName);
}
