/** What every cluster has from its first start on; made when it is missing, so that a restart writes nothing. */

import { create } from "#apiserver/create.ts";
import type { AnyObject, RegistryOptions, Write } from "#apiserver/registry.ts";
import { remove } from "#apiserver/remove.ts";
import { update } from "#apiserver/update.ts";
import { type Cidr, formatIp, nth } from "#base/cidr.ts";
import { equal } from "#base/equal.ts";
import type { Identity } from "#base/http.ts";
import { copyPlain } from "#base/plain.ts";
import { reasonOf } from "#base/status.ts";
import { Endpoints } from "#kinds/core/v1/endpoints.ts";
import { Namespace } from "#kinds/core/v1/namespace.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import { PriorityClass } from "#kinds/scheduling/v1/priorityclass.ts";
import { make } from "#schema/make.ts";
import type { Draft } from "#schema/notation.ts";

/** The server writing for itself. */
export const APISERVER: Identity = { name: "system:apiserver", groups: ["system:masters", "system:authenticated"] };
const MANAGER = "kube-apiserver";
const NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

export interface BootstrapOptions {
  /** Where the server is reached from within the cluster. */
  readonly address: string;
  readonly port: number;
  readonly serviceRange: Cidr;
  /** Other servers may live on the same store, and each makes itself known by presence.ts. */
  readonly shared: boolean;
}

export function ownWrite(kind: Kind, name: string, namespace = ""): Write {
  return { kind, namespace, name, subresource: "", user: APISERVER, dryRun: false, manager: MANAGER, warnings: [] };
}

/** Creates the object unless it is there; `refresh`: the fields that must say the same on every start. */
async function ensure<T extends KubeObject>(
  options: RegistryOptions,
  kind: Kind<T>,
  draft: Draft<T>,
  ...refresh: (keyof T & string)[]
): Promise<void> {
  const object = make(kind, draft) as T;
  const { name = "", namespace = "" } = object.metadata;
  const write = ownWrite(kind as Kind, name, namespace);
  const there = options.objects.get(kind, name, namespace);
  if (!there) {
    try {
      await create(options, write, () => copyPlain(object) as AnyObject);
    } catch (error) {
      if (reasonOf(error) !== "AlreadyExists") throw error;
    }
    return;
  }
  if (refresh.every(f => equal(there[f], object[f]))) return;
  await update(
    options,
    write,
    standing => {
      const next = standing!.fresh();
      for (const f of refresh) (next as unknown as Record<string, unknown>)[f] = object[f];
      return next;
    },
    { unconditional: true },
  );
}

/** Namespaces, the priority classes of the system, and the Service `kubernetes` with its endpoints. */
export async function bootstrap(options: RegistryOptions, { address, port, serviceRange, shared }: BootstrapOptions): Promise<void> {
  for (const name of NAMESPACES) await ensure(options, Namespace, { metadata: { name } });
  await ensure(options, PriorityClass, {
    metadata: { name: "system-cluster-critical" },
    value: 2_000_000_000,
    description: "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
  });
  await ensure(options, PriorityClass, {
    metadata: { name: "system-node-critical" },
    value: 2_000_001_000,
    description: "Used for system critical pods that must not be moved from their current node.",
  });
  const clusterIP = formatIp(nth(serviceRange, 1)!);
  const metadata = { name: "kubernetes", namespace: "default" };
  const labels = { component: "apiserver", provider: "kubernetes" };
  await ensure(options, Service, {
    metadata: { ...metadata, labels },
    spec: {
      type: "ClusterIP",
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      sessionAffinity: "None",
      ports: [{ name: "https", protocol: "TCP", port: 443, targetPort: port }],
    },
  });
  if (!shared) await ensureEndpoints(options, [{ address, port }]);
}

/** An API server, as clients inside of the cluster reach it. */
export interface Server {
  readonly address: string;
  readonly port: number;
}
/** Where the Service `kubernetes` leads: to these, of which there is at least one. Servers on several ports need a slice a port. */
export async function ensureEndpoints(options: RegistryOptions, servers: readonly Server[]): Promise<void> {
  const ports = [...new Set(servers.map(s => s.port))].sort((a, b) => a - b);
  const byPort = ports.map(port => ({
    port,
    addresses: servers
      .filter(s => s.port === port)
      .map(s => s.address)
      .sort(),
  }));
  const metadata = { name: "kubernetes", namespace: "default" };
  await ensure(
    options,
    Endpoints,
    {
      metadata: { ...metadata, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
      subsets: byPort.map(({ port, addresses }) => ({
        addresses: addresses.map(ip => ({ ip })),
        ports: [{ name: "https", port, protocol: "TCP" as const }],
      })),
    },
    "subsets",
  );
  const names = byPort.map(({ port }, i) => (i === 0 ? "kubernetes" : `kubernetes-${port}`));
  for (const [i, { port, addresses }] of byPort.entries())
    await ensure(
      options,
      EndpointSlice,
      {
        metadata: { ...metadata, name: names[i]!, labels: { "kubernetes.io/service-name": "kubernetes" } },
        addressType: "IPv4",
        endpoints: addresses.map(a => ({ addresses: [a], conditions: { ready: true } })),
        ports: [{ name: "https", port, protocol: "TCP" }],
      },
      "endpoints",
      "ports",
    );
  for (const slice of options.objects.list(EndpointSlice, "default")) {
    const name = slice.metadata.name ?? "";
    if (!/^kubernetes-\d+$/.test(name) || names.includes(name)) continue;
    await remove(options, ownWrite(EndpointSlice, name, "default"), {}).catch(unlessGone);
  }
}
function unlessGone(error: unknown): void {
  if (reasonOf(error) !== "NotFound") throw error;
}

/** A write that another room finds due at start, such as a default role. */
export interface DueWrite {
  readonly action: "create" | "update" | "recreate";
  readonly kind: Kind;
  readonly object: KubeObject;
}
export async function carryOut(options: RegistryOptions, { action, kind, object }: DueWrite): Promise<void> {
  const { name = "", namespace = "" } = object.metadata;
  const write = ownWrite(kind, name, namespace);
  if (action === "update") {
    await update(options, write, () => copyPlain(object) as AnyObject, { unconditional: true });
    return;
  }
  if (action === "recreate") await remove(options, write, {}).catch(unlessGone);
  try {
    await create(options, write, () => {
      const fresh = copyPlain(object) as AnyObject;
      delete fresh.metadata.resourceVersion;
      return fresh;
    });
  } catch (error) {
    // another server that starts at this moment has made it
    if (reasonOf(error) !== "AlreadyExists") throw error;
  }
}
