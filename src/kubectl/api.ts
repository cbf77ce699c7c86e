/** The API as a command sees it: JSON over a transport, resources by any name that discovery knows. */
import { text, utf8 } from "#base/bytes.ts";
import { bytesOf, type HttpResponse } from "#base/http.ts";
import type { Transport } from "#client/client.ts";
import { errorOf } from "#client/http.ts";
import { UsageError } from "#kubectl/words.ts";

export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly short: readonly string[];
  readonly categories: readonly string[];
}
/** Any object, of a kind known or not. */
export interface Item {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly uid: string }[];
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}
export interface Ask {
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
}
export interface Api {
  /** Throws the server's StatusError. */
  send(method: string, url: string, ask?: Ask): Promise<HttpResponse>;
  json<R>(method: string, url: string, ask?: Ask): Promise<R>;
  /** By plural, singular, kind, short name, each also with its group: deployments.apps. Throws UsageError. */
  resource(word: string): Promise<Resource>;
  /** What a kind of an object's own words is served as. Throws UsageError. */
  served(apiVersion: string, kind: string): Promise<Resource>;
  /** Every type that can be listed. */
  resources(): Promise<readonly Resource[]>;
  /** Resources of a category, e.g. all. */
  category(name: string): Promise<readonly Resource[]>;
}

const DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
interface Discovered {
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly resources: readonly {
        readonly resource: string;
        readonly responseKind: { readonly kind: string };
        readonly scope: string;
        readonly singularResource: string;
        readonly shortNames?: readonly string[];
        readonly categories?: readonly string[];
      }[];
    }[];
  }[];
}

export function createApi(transport: Transport): Api {
  let known: Promise<readonly Resource[]> | undefined;
  async function send(method: string, url: string, { body, contentType = "application/json", accept, signal }: Ask = {}) {
    const response = await transport({
      method,
      url,
      headers: {
        accept: accept ?? "application/json",
        "user-agent": "kubectl/coxswain",
        ...(body !== undefined && { "content-type": contentType }),
      },
      ...(body !== undefined && { body: utf8(JSON.stringify(body)) }),
      ...(signal && { signal }),
    });
    if (response.status >= 400) throw errorOf(response.status, text(await bytesOf(response)));
    return response;
  }
  async function json<R>(method: string, url: string, ask?: Ask): Promise<R> {
    return JSON.parse(text(await bytesOf(await send(method, url, ask)))) as R;
  }
  const discover = async () => {
    const lists = await Promise.all(["/api", "/apis"].map(url => json<Discovered>("GET", url, { accept: DISCOVERY })));
    return lists.flatMap(list =>
      list.items.flatMap(group =>
        group.versions.flatMap(({ version, resources }) =>
          resources.map(r => ({
            group: group.metadata.name ?? "",
            version,
            kind: r.responseKind.kind,
            plural: r.resource,
            singular: r.singularResource,
            namespaced: r.scope === "Namespaced",
            short: r.shortNames ?? [],
            categories: r.categories ?? [],
          })),
        ),
      ),
    );
  };
  const all = () => {
    known ??= discover();
    known.catch(() => {
      known = undefined;
    });
    return known;
  };
  return {
    send,
    json,
    async resource(word) {
      const [name = "", ...rest] = word.toLowerCase().split(".");
      const group = rest.join(".");
      const found = (await all()).find(
        r =>
          [r.plural, r.singular, r.kind.toLowerCase(), ...r.short].includes(name) &&
          (!group || [r.group, `${r.version}.${r.group}`].includes(group)),
      );
      if (!found) throw new UsageError(`the server doesn't have a resource type "${word}"`);
      return found;
    },
    async served(apiVersion, kind) {
      const found = (await all()).find(r => r.kind === kind && apiVersionOf(r) === apiVersion);
      if (!found) throw new UsageError(`no matches for kind "${kind}" in version "${apiVersion}"`);
      return found;
    },
    resources: all,
    category: async name => (await all()).filter(r => r.categories.includes(name)),
  };
}

export const apiVersionOf = (r: Pick<Resource, "group" | "version">): string => (r.group ? `${r.group}/${r.version}` : r.version);

/** The path of a collection, or of an object in it; without a namespace, of all namespaces. */
export function pathTo(
  r: Resource,
  namespace: string | undefined,
  name = "",
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const parts = [r.group ? `/apis/${r.group}/${r.version}` : `/api/${r.version}`];
  if (r.namespaced && namespace) parts.push("namespaces", encodeURIComponent(namespace));
  parts.push(r.plural);
  // A subresource follows the name as it is.
  if (name) parts.push(name.split("/").map(encodeURIComponent).join("/"));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value) search.set(key, value);
  const text = search.toString();
  return text ? `${parts.join("/")}?${text}` : parts.join("/");
}

/** How kubectl names an object when it tells what was done: deployment.apps/web. */
export const told = (r: Resource, name: string): string => `${r.singular}${r.group ? `.${r.group}` : ""}/${name}`;
