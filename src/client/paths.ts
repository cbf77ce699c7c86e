/** Where a kind's resources live: `/api/v1/namespaces/x/pods/y/status?…`. */
import { limits } from "#base/limits.ts";
import { Named } from "#base/named.ts";
import type { Kind } from "#kinds/kind.ts";

export interface Target {
  readonly namespace?: string | undefined;
  readonly name?: string;
  readonly subresource?: string | undefined;
}
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The path of a collection, an object or its subresource. A namespaced kind without a namespace means all namespaces. */
export function pathOf(kind: Kind, target: Target, query?: Query): string {
  const place = placeOf(kind, target.namespace ?? "", target.name);
  const path = target.subresource ? subresourcePath(place, target.subresource) : place.path;
  if (!query) return path;
  let search: URLSearchParams | undefined;
  for (const key in query) {
    const value = query[key];
    if (value === undefined || value === "") continue;
    search ??= new URLSearchParams();
    search.set(key, String(value));
  }
  return search ? `${path}?${search}` : path;
}
/** An object's path, and those of its subresources that were asked for. */
interface Place {
  readonly path: string;
  below: Map<string, string> | undefined;
}
/** Paths asked for before: the same text each time, so that a server in this process knows it again at once. */
const known = new Named<Place>(limits.knownRequests);
function placeOf(kind: Kind, namespace: string, name: string | undefined): Place {
  let place = known.get(kind, namespace, name);
  if (!place) {
    const where = kind.namespaced && namespace ? `/namespaces/${encoded(namespace)}` : "";
    const what = name === undefined ? "" : `/${encoded(name)}`;
    const root = kind.group ? `/apis/${kind.group}` : "/api";
    place = { path: `${root}/${kind.version}${where}/${kind.plural}${what}`, below: undefined };
    known.set(kind, namespace, name, place);
  }
  return place;
}
function subresourcePath(place: Place, subresource: string): string {
  place.below ??= new Map();
  let path = place.below.get(subresource);
  if (path === undefined) {
    path = `${place.path}/${subresource}`;
    place.below.set(subresource, path);
  }
  return path;
}
/** Nearly all names are made of what a path may hold as it is. */
const encoded = (name: string) => (/^[\w.-]*$/.test(name) ? name : encodeURIComponent(name));
