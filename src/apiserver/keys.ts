import type { Kind } from "#kinds/kind.ts";
import { type Key, keyOf, prefixEnd } from "#store/contract.ts";

/** Everything of the API lies below this; upstream's etcd prefix. */
export const ROOT = "/registry/";

/** The folder of a kind's objects, or of those in one namespace: `/registry/pods/default/`. */
export function prefixOf(kind: Kind, namespace = ""): Key {
  return keyOf(folderOf(kind, namespace));
}
/** An object's key: `/registry/pods/default/web`. */
export function objectKey(kind: Kind, namespace: string, name: string): Key {
  return keyOf(folderOf(kind, namespace) + name);
}
const folderOf = (kind: Kind, namespace: string) =>
  namespace && kind.namespaced ? `${ROOT}${kind.storedAt}/${namespace}/` : `${ROOT}${kind.storedAt}/`;
export function rangeOf(kind: Kind, namespace = ""): { from: Key; to: Key } {
  const from = prefixOf(kind, namespace);
  return { from, to: prefixEnd(from) };
}
