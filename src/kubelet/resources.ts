/** Requests and limits as quality of service, as control groups and as kernel numbers (upstream's cm, qos and kuberuntime packages). */
import { parseQuantity, type Quantity, Quantity as QuantityValue } from "#base/quantity.ts";
import type { Container } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { CgroupConfig } from "#kubelet/ports.ts";
import type { LinuxResources } from "#kubelet/runtime.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";
type Amounts = Readonly<Record<string, string>>;

const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
const QUOTA_PERIOD = 100_000;
const MIN_QUOTA = 1000;
const GUARANTEED_OOM = -997;
const BEST_EFFORT_OOM = 1000;
/** Pods of at least this priority are critical to the node. */
const SYSTEM_CRITICAL = 2_000_000_000;

/** Neither evicted nor refused by a node that runs short (upstream: static pods, mirrors of such, and those of at least that priority). */
export function isCritical({ metadata, spec }: Pod): boolean {
  const { "kubernetes.io/config.source": source = "api", "kubernetes.io/config.mirror": mirror } = metadata.annotations ?? {};
  return source !== "api" || mirror !== undefined || (spec.priority ?? 0) >= SYSTEM_CRITICAL;
}

const zero = QuantityValue.of(0);
/** An amount of a list of resources; zero when it is not named. */
export function amount(amounts: Amounts | undefined, name: string): Quantity {
  const text = amounts?.[name];
  return text === undefined ? zero : parseQuantity(text);
}
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}

/** The pod's class by the requests and limits for cpu and memory of all its containers. */
export function qosOf(pod: Pod): QosClass {
  if (pod.status?.qosClass) return pod.status.qosClass as QosClass;
  const whole = pod.spec.resources;
  const lists = whole?.requests || whole?.limits ? [whole] : containersOf(pod).map(c => c.resources ?? {});
  let any = false;
  let guaranteed = lists.length > 0;
  for (const { requests, limits } of lists) {
    for (const name of ["cpu", "memory"]) {
      const limit = amount(limits, name);
      const request = requests?.[name] === undefined ? limit : amount(requests, name);
      if (!limit.isZero || !request.isZero) any = true;
      if (limit.isZero || request.compare(limit) !== 0) guaranteed = false;
    }
  }
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}
export function containersOf(pod: Pod): readonly Container[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
}

/** Sum over containers as scheduling counts it: sidecars add up, the greatest moment of initialisation counts (KEP-753). */
export function podTotal(pod: Pod, which: "requests" | "limits", name: string): Quantity {
  const whole = pod.spec.resources?.[which]?.[name];
  const overhead = amount(pod.spec.overhead, name);
  if (whole !== undefined) return parseQuantity(whole).add(overhead);
  const of = (c: Container) => {
    const own = amount(c.resources?.[which], name);
    return which === "requests" && c.resources?.requests?.[name] === undefined ? amount(c.resources?.limits, name) : own;
  };
  let sum = pod.spec.containers.reduce((s, c) => s.add(of(c)), zero);
  let sidecars = zero;
  let initial = zero;
  for (const c of pod.spec.initContainers ?? []) {
    if (isSidecar(c)) {
      sidecars = sidecars.add(of(c));
      if (sidecars.compare(initial) > 0) initial = sidecars;
    } else {
      const here = sidecars.add(of(c));
      if (here.compare(initial) > 0) initial = here;
    }
  }
  sum = sum.add(sidecars);
  return (initial.compare(sum) > 0 ? initial : sum).add(overhead);
}

export function cpuShares(milliCpu: number): number {
  if (milliCpu === 0) return MIN_SHARES;
  return Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((milliCpu * 1024) / 1000)));
}
export function cpuQuota(milliCpu: number): number {
  return Math.max(MIN_QUOTA, Math.floor((milliCpu * QUOTA_PERIOD) / 1000));
}

/** What the kernel is told of one container; `memoryCapacity` is the node's, in bytes. */
export function containerResources(pod: Pod, container: Container, memoryCapacity: number): LinuxResources {
  const { requests, limits } = container.resources ?? {};
  const limit = amount(limits, "cpu").milliValue();
  const request = requests?.cpu === undefined ? limit : amount(requests, "cpu").milliValue();
  const memory = amount(limits, "memory").value();
  const wholeCpu = amount(pod.spec.resources?.limits, "cpu").milliValue();
  const wholeMemory = amount(pod.spec.resources?.limits, "memory").value();
  return {
    cpuShares: cpuShares(request),
    cpuPeriod: QUOTA_PERIOD,
    ...(limit > 0 ? { cpuQuota: cpuQuota(limit) } : wholeCpu > 0 && { cpuQuota: cpuQuota(wholeCpu) }),
    ...(memory > 0 ? { memoryLimit: memory } : wholeMemory > 0 && { memoryLimit: wholeMemory }),
    oomScoreAdj: oomScore(pod, container, memoryCapacity),
    hugepages: Object.entries(limits ?? {})
      .filter(([name]) => name.startsWith("hugepages-"))
      .map(([name, text]) => ({ pageSize: pageSize(name), limit: parseQuantity(text).value() })),
  };
}
const pageSize = (name: string) => `${name.slice("hugepages-".length).replace(/i$/, "")}B`;

function oomScore(pod: Pod, container: Container, capacity: number): number {
  if ((pod.spec.priority ?? 0) >= SYSTEM_CRITICAL) return GUARANTEED_OOM;
  const qos = qosOf(pod);
  if (qos === "Guaranteed") return GUARANTEED_OOM;
  if (qos === "BestEffort") return BEST_EFFORT_OOM;
  const request = (c: Container) => amount(c.resources?.requests, "memory").value();
  const score = (bytes: number) => 1000 - Math.floor((1000 * bytes) / capacity);
  let value = score(request(container));
  if (isSidecar(container) && pod.spec.initContainers?.some(c => c.name === container.name))
    value = Math.min(value, score(Math.min(...pod.spec.containers.map(request))));
  if (value < 1000 + GUARANTEED_OOM) return 1000 + GUARANTEED_OOM;
  return value === BEST_EFFORT_OOM ? value - 1 : value;
}

/** The pod's own control group below `root` (empty, or a path that begins with a slash): `<root>/kubepods/burstable/pod<uid>`. */
export function podCgroup(root: string, pod: Pod): string {
  const qos = qosOf(pod);
  const tier = qos === "Guaranteed" ? "" : `/${qos.toLowerCase()}`;
  return `${root}/kubepods${tier}/pod${pod.metadata.uid}`;
}
/** Limits of the pod's group: those that every container has, summed. */
export function podCgroupConfig(pod: Pod, pidsLimit?: number): CgroupConfig {
  const everyOne = (name: string) =>
    pod.spec.resources?.limits?.[name] !== undefined || containersOf(pod).every(c => !amount(c.resources?.limits, name).isZero);
  const pids = pidsLimit ? { pidsLimit } : {};
  if (qosOf(pod) === "BestEffort") return { cpuShares: MIN_SHARES, ...pids };
  return {
    cpuShares: cpuShares(podTotal(pod, "requests", "cpu").milliValue()),
    ...(everyOne("cpu") && { cpuQuota: cpuQuota(podTotal(pod, "limits", "cpu").milliValue()), cpuPeriod: QUOTA_PERIOD }),
    ...(everyOne("memory") && { memoryLimit: podTotal(pod, "limits", "memory").value() }),
    ...pids,
  };
}
