/** Where a kind's resources live: `/api/v1/namespaces/x/pods/y/status?…`. */
import type { Kind } from "#kinds/kind.ts";

export interface Target {
  readonly namespace?: string | undefined;
  readonly name?: string;
  readonly subresource?: string | undefined;
}
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The path of a collection, an object or its subresource. A namespaced kind without a namespace means all namespaces. */
export function pathOf(kind: Kind, target: Target, query?: Query): string {
  let path = kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`;
  if (kind.namespaced && target.namespace) path += `/namespaces/${encoded(target.namespace)}`;
  path += `/${kind.plural}`;
  if (target.name !== undefined) path += `/${encoded(target.name)}`;
  if (target.subresource) path += `/${target.subresource}`;
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
/** Nearly all names are made of what a path may hold as it is. */
const encoded = (name: string) => (/^[\w.-]*$/.test(name) ? name : encodeURIComponent(name));
