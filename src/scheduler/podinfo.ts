/** A pod as the scheduler sees it: what the plugins ask of it, worked out once. */
import { equal } from "#base/equal.ts";
import type { Selector } from "#base/selector.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { type Amounts, podRequests } from "#rules/podrequests.ts";
import { type Term, termsOf } from "#scheduler/terms.ts";

/** What a container without requests counts as when nodes are scored, so that many of them do not pile up (upstream's numbers). */
const UNSET_FOR_SCORES: Amounts = { cpu: 100, memory: 200 * 1024 * 1024 };

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}
export interface PodInfo {
  readonly pod: Pod;
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** It is being deleted. */
  readonly leaving: boolean;
  readonly requests: Amounts;
  /** Requests of CPU and memory with stand-ins for what is unset; for scores. */
  readonly scored: Amounts;
  readonly ports: readonly HostPort[];
  readonly terms: readonly Term[];
  /** The pods that it is one of (its services', its owner's), over which it is spread when it says nothing itself. */
  readonly siblings: Selector | undefined;
}

/** Whether nothing has changed between two states of a pod of what counts for others once it has its node. */
export function countsAlike(a: Pod, b: Pod): boolean {
  if (!a.metadata.deletionTimestamp !== !b.metadata.deletionTimestamp || !equal(a.metadata.labels, b.metadata.labels)) return false;
  return a.spec === b.spec || saysAlike(a.spec, b.spec);
}
function saysAlike(a: Pod["spec"], b: Pod["spec"]): boolean {
  for (const field in { ...a, ...b }) {
    const name = field as keyof Pod["spec"];
    if (name !== "nodeName" && !equal(a[name], b[name])) return false;
  }
  return true;
}
export function podInfo(pod: Pod, siblings?: Selector): PodInfo {
  const { metadata, spec } = pod;
  const containers = [...(spec.initContainers ?? []).filter(c => c.restartPolicy === "Always"), ...spec.containers];
  const ports = containers.flatMap(c =>
    (c.ports ?? []).flatMap(p => (p.hostPort ? [{ ip: p.hostIP || "0.0.0.0", protocol: p.protocol ?? "TCP", port: p.hostPort }] : [])),
  );
  const { cpu = 0, memory = 0 } = podRequests(pod, UNSET_FOR_SCORES);
  return {
    pod,
    uid: metadata.uid ?? "",
    namespace: metadata.namespace ?? "",
    labels: metadata.labels ?? {},
    leaving: metadata.deletionTimestamp !== undefined,
    requests: podRequests(pod),
    scored: { cpu, memory },
    ports,
    terms: termsOf(pod),
    siblings,
  };
}
