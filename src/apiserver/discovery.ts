/** What is served, told in the three forms that clients know (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api). */
import type { Call } from "#apiserver/call.ts";
import { hash } from "#apiserver/hash.ts";
import { clausesOf } from "#apiserver/negotiate.ts";
import type { PathHandler } from "#apiserver/paths.ts";
import { json } from "#apiserver/respond.ts";
import type { HttpResponse } from "#base/http.ts";
import { byPreference } from "#kinds/all.ts";
import type { Kind } from "#kinds/kind.ts";

interface Subresource {
  readonly name: string;
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly verbs: readonly string[];
}
const OBJECT_VERBS = ["get", "patch", "update"];

function subresourcesOf(kind: Kind): Subresource[] {
  const own = { kind: kind.kind, group: kind.group, version: kind.version };
  const out: Subresource[] = [];
  const { status, scale, others } = kind.subresources;
  if (status) out.push({ name: "status", ...own, verbs: OBJECT_VERBS });
  if (scale) out.push({ name: "scale", kind: "Scale", group: "autoscaling", version: "v1", verbs: OBJECT_VERBS });
  for (const [name, s] of Object.entries(others ?? {}))
    out.push({ name, kind: s.kind, group: s.group ?? kind.group, version: s.version ?? kind.version, verbs: [...s.verbs].sort() });
  return out.sort((a, b) => (a.name < b.name ? -1 : 1));
}
const byPlural = (a: Kind, b: Kind) => (a.plural < b.plural ? -1 : 1);
const groupVersion = (group: string, version: string) => (group ? `${group}/${version}` : version);

interface Version {
  readonly version: string;
  readonly kinds: readonly Kind[];
}
interface Group {
  readonly name: string;
  readonly versions: readonly Version[];
}
function groupsOf(kinds: readonly Kind[]): Group[] {
  const groups = new Map<string, Map<string, Kind[]>>();
  for (const k of kinds) {
    if (k.verbs.length === 0) continue;
    const versions = groups.get(k.group) ?? new Map<string, Kind[]>();
    groups.set(k.group, versions.set(k.version, [...(versions.get(k.version) ?? []), k]));
  }
  return [...groups].map(([name, versions]) => ({
    name,
    versions: [...versions].sort(([a], [b]) => byPreference(a, b)).map(([version, k]) => ({ version, kinds: k.sort(byPlural) })),
  }));
}

function legacyResources(group: string, { version, kinds }: Version): object {
  const resources: object[] = [];
  for (const kind of kinds) {
    const stored = kind.storedAs ?? kind;
    resources.push({
      name: kind.plural,
      singularName: kind.singular,
      namespaced: kind.namespaced,
      kind: kind.kind,
      verbs: [...kind.verbs].sort(),
      ...(kind.short.length > 0 && { shortNames: kind.short }),
      ...(kind.categories.length > 0 && { categories: kind.categories }),
      ...(!kind.ephemeral && { storageVersionHash: storageHash(`${stored.group}/${stored.version}/${kind.kind}`) }),
    });
    for (const s of subresourcesOf(kind))
      resources.push({
        name: `${kind.plural}/${s.name}`,
        singularName: "",
        namespaced: kind.namespaced,
        ...((s.group !== group || s.version !== version) && { group: s.group, version: s.version }),
        kind: s.kind,
        verbs: s.verbs,
      });
  }
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion: groupVersion(group, version), resources };
}
const storageHash = (text: string) => Uint8Array.fromHex(hash(text)).toBase64();

function legacyGroup(group: Group): object {
  const versions = group.versions.map(v => ({ groupVersion: groupVersion(group.name, v.version), version: v.version }));
  return { name: group.name, versions, preferredVersion: versions[0] };
}

function aggregatedGroup(group: Group): object {
  return {
    metadata: { name: group.name, creationTimestamp: null },
    versions: group.versions.map(({ version, kinds }) => ({
      version,
      resources: kinds.map(kind => ({
        resource: kind.plural,
        responseKind: { group: kind.group, version: kind.version, kind: kind.kind },
        scope: kind.namespaced ? "Namespaced" : "Cluster",
        singularResource: kind.singular,
        verbs: [...kind.verbs].sort(),
        ...(kind.short.length > 0 && { shortNames: kind.short }),
        ...(kind.categories.length > 0 && { categories: kind.categories }),
        ...(subresourcesOf(kind).length > 0 && {
          subresources: subresourcesOf(kind).map(s => ({
            subresource: s.name,
            responseKind: { group: s.group, version: s.version, kind: s.kind },
            verbs: s.verbs,
          })),
        }),
      })),
      freshness: "Current",
    })),
  };
}

/** The version of APIGroupDiscoveryList that the client prefers; undefined: the old documents. */
function aggregatedVersion(call: Call): string | undefined {
  for (const { type, parameters: p } of clausesOf(call.http.headers.accept ?? "")) {
    if (type !== "application/json" && type !== "*/*" && type !== "application/*") continue;
    if (!p.as) return undefined;
    if (p.as === "APIGroupDiscoveryList" && p.g === "apidiscovery.k8s.io" && (p.v === "v2" || p.v === "v2beta1")) return p.v;
  }
  return undefined;
}

/** Answers /api, /apis and what lies below them. `address`: host and port by which clients reach the server. */
export function discovery(kinds: readonly Kind[], address: string): PathHandler {
  let groups: readonly Group[] | undefined;
  const documents = new Map<string, { body: object; etag: string }>();
  const document = (name: string, make: () => object) => {
    let known = documents.get(name);
    if (!known) {
      const body = make();
      known = { body, etag: `"${hash(JSON.stringify(body)).toUpperCase()}"` };
      documents.set(name, known);
    }
    return known;
  };
  const cidrs = [{ clientCIDR: "0.0.0.0/0", serverAddress: address }];

  const aggregated = (call: Call, version: string, list: readonly Group[]): HttpResponse => {
    const { body, etag } = document(`${call.info.path} ${version}`, () => ({
      kind: "APIGroupDiscoveryList",
      apiVersion: `apidiscovery.k8s.io/${version}`,
      metadata: {},
      items: list.map(aggregatedGroup),
    }));
    const headers = { etag, vary: "Accept", "cache-control": "public" };
    if (call.http.headers["if-none-match"] === etag) return { status: 304, headers };
    return json(body, 200, { ...headers, "content-type": `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList` });
  };

  return call => {
    const segments = call.info.path.split("/").filter(s => s !== "");
    const [root, name, version] = segments;
    if ((root !== "api" && root !== "apis") || call.http.method !== "GET") return undefined;
    groups ??= groupsOf(kinds);
    const core = groups.filter(g => g.name === "");
    const named = groups.filter(g => g.name !== "");
    if (segments.length === 1) {
      const version = aggregatedVersion(call);
      if (version) return aggregated(call, version, root === "api" ? core : named);
      const versions = core[0]?.versions.map(v => v.version) ?? [];
      const body =
        root === "api"
          ? { kind: "APIVersions", versions, serverAddressByClientCIDRs: cidrs }
          : { kind: "APIGroupList", apiVersion: "v1", groups: named.map(legacyGroup) };
      return json(body, 200, { vary: "Accept" });
    }
    const group = root === "api" ? core[0] : named.find(g => g.name === name);
    if (root === "apis" && segments.length === 2) return group && json({ kind: "APIGroup", apiVersion: "v1", ...legacyGroup(group) });
    if (segments.length !== (root === "api" ? 2 : 3)) return undefined;
    const found = group?.versions.find(v => v.version === (root === "api" ? name : version));
    return group && found && json(document(call.info.path, () => legacyResources(group.name, found)).body);
  };
}
