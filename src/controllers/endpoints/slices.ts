/** Endpoint slices brought to what is wanted, with as few writes as may be: endpoints stay in the slice that they are in. */
import { equal } from "#base/equal.ts";
import { create, remove, type Step, update } from "#client/steps.ts";
import { type Endpoint, type EndpointPort, EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import type { OwnerReference } from "#kinds/meta/v1/objectmeta.ts";

export const SERVICE_NAME = "kubernetes.io/service-name";
export const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
export const HEADLESS = "service.kubernetes.io/headless";
/** Endpoints in one slice, as upstream's default. */
const SLICE_SIZE = 100;

/** Endpoints that share an address type and ports. */
export interface Group {
  readonly addressType: string;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}
export interface Owner {
  /** Slices are named after it. */
  readonly name: string;
  readonly namespace: string;
  readonly reference: OwnerReference;
  readonly labels: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

const idOf = (addressType: string, ports: readonly EndpointPort[] | undefined | null) =>
  JSON.stringify([addressType, (ports ?? []).map(p => [p.name ?? "", p.protocol ?? "TCP", p.port, p.appProtocol ?? ""]).sort()]);
const endpointId = (e: Endpoint) => e.targetRef?.uid ?? JSON.stringify([e.addresses, e.hostname]);

/** Steps from `existing` to the groups. A group without endpoints keeps one empty slice. */
export function slicesFor(owner: Owner, groups: readonly Group[], existing: readonly EndpointSlice[], because: string): Step[] {
  const left = new Map<string, EndpointSlice[]>();
  for (const slice of existing) {
    const id = idOf(slice.addressType, slice.ports);
    left.set(id, [...(left.get(id) ?? []), slice]);
  }
  const steps: Step[] = [];
  for (const group of groups) {
    const id = idOf(group.addressType, group.ports);
    const slices = left.get(id) ?? [];
    left.delete(id);
    steps.push(...groupSteps(owner, group, slices, because));
  }
  for (const slice of [...left.values()].flat())
    if (!slice.metadata.deletionTimestamp) steps.push(remove(EndpointSlice, slice, "no endpoint has these ports any more"));
  return steps;
}

function groupSteps(owner: Owner, group: Group, slices: readonly EndpointSlice[], because: string): Step[] {
  const wanted = new Map(group.endpoints.map(e => [endpointId(e), e]));
  const kept = slices
    .filter(s => !s.metadata.deletionTimestamp)
    .map(slice => {
      const endpoints: Endpoint[] = [];
      for (const e of slice.endpoints ?? []) {
        const now = wanted.get(endpointId(e));
        if (!now) continue;
        endpoints.push(now);
        wanted.delete(endpointId(e));
      }
      return { slice, endpoints };
    });
  const fresh = [...wanted.values()];
  for (const { endpoints } of kept) endpoints.push(...fresh.splice(0, Math.max(0, SLICE_SIZE - endpoints.length)));
  const steps: Step[] = [];
  const placeholder = group.endpoints.length === 0 ? kept[0] : undefined;
  for (const k of kept) {
    const { slice, endpoints } = k;
    if (endpoints.length === 0 && k !== placeholder) {
      steps.push(remove(EndpointSlice, slice, "it holds no endpoint any more"));
      continue;
    }
    const metadata = {
      ...slice.metadata,
      labels: owner.labels,
      ...(owner.annotations && { annotations: owner.annotations }),
      ownerReferences: [owner.reference],
    };
    const next = { ...slice, metadata, endpoints };
    if (!equal({ ...next, ports: [] }, { ...slice, endpoints: slice.endpoints ?? [], ports: [] }))
      steps.push(update(EndpointSlice, next, because));
  }
  const chunks: Endpoint[][] = [];
  while (fresh.length > 0) chunks.push(fresh.splice(0, SLICE_SIZE));
  if (chunks.length === 0 && kept.length === 0) chunks.push([]);
  for (const endpoints of chunks) {
    const { name, namespace, labels, annotations, reference } = owner;
    const metadata = { generateName: `${name}-`, namespace, labels, ownerReferences: [reference], ...(annotations && { annotations }) };
    const slice = { metadata, addressType: group.addressType, endpoints, ports: [...group.ports] };
    steps.push(create(EndpointSlice, slice, because));
  }
  return steps;
}

/** Gathers endpoints with equal ports; each address type of `types` has at least one (empty) group. */
export function grouped(
  types: readonly string[],
  all: readonly { readonly addressType: string; readonly ports: readonly EndpointPort[]; readonly endpoint: Endpoint }[],
): Group[] {
  const groups = new Map<string, { addressType: string; ports: readonly EndpointPort[]; endpoints: Endpoint[] }>();
  for (const { addressType, ports, endpoint } of all) {
    const id = idOf(addressType, ports);
    const group = groups.get(id) ?? { addressType, ports, endpoints: [] };
    group.endpoints.push(endpoint);
    groups.set(id, group);
  }
  const out: Group[] = [...groups.values()];
  for (const addressType of types) if (!out.some(g => g.addressType === addressType)) out.push({ addressType, ports: [], endpoints: [] });
  return out;
}
