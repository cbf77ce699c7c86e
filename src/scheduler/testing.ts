/**
 * The scheduler's rules once more, plain and slow: every node and every pod is looked at for every question, and nothing is kept. Tests
 * hold the columns against it.
 */
import { type LabelSelectorObject, type Selector, selectorOf } from "#base/selector.ts";
import type { PodAffinityTerm } from "#kinds/core/v1/affinity.ts";
import type { Node } from "#kinds/core/v1/node.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { podMatchesNode, termMatches } from "#rules/nodeselector.ts";
import { amountsOf, podRequests } from "#rules/podrequests.ts";
import { keepsAway, tolerates } from "#rules/taints.ts";
import type { Verdict } from "#scheduler/decide.ts";

export interface World {
  readonly nodes: readonly Node[];
  /** Pods by the node that they are on. */
  readonly pods: ReadonlyMap<string, readonly Pod[]>;
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>;
}
type Labels = Readonly<Record<string, string>>;
type Scores = Map<string, number>;
interface Spread {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly selector: Selector;
  readonly minDomains: number;
  readonly affinity: boolean;
  readonly taints: boolean;
}

const labelsOf = (o: { metadata: { labels?: Labels } }): Labels => o.metadata.labels ?? {};
const nameOf = (node: Node) => node.metadata.name ?? "";
const matches = (selector: LabelSelectorObject | undefined, labels: Labels) => selectorOf(selector).matches(labels);

/** Every node's verdict, in the nodes' order. */
export function plainly(pod: Pod, world: World, siblings?: Selector): Verdict[] {
  const refusals = new Map<string, Verdict>();
  for (const node of world.nodes)
    for (const [name, check] of CHECKS) {
      const reasons = check(pod, node, world);
      if (reasons.length === 0) continue;
      refusals.set(nameOf(node), { node: nameOf(node), refusedBy: name, reasons });
      break;
    }
  const fitting = world.nodes.filter(n => !refusals.has(nameOf(n)));
  const sheets = new Map(fitting.map(n => [nameOf(n), {} as Record<string, number>]));
  for (const [name, weight, score] of SCORES)
    for (const [node, n] of score(pod, fitting, world, siblings) ?? []) sheets.get(node)![name] = weight * n;
  return world.nodes.map(n => {
    const refused = refusals.get(nameOf(n));
    if (refused) return refused;
    const scores = sheets.get(nameOf(n))!;
    return { node: nameOf(n), reasons: [], score: Object.values(scores).reduce((a, b) => a + b, 0), scores };
  });
}

const on = (world: World, node: Node) => world.pods.get(nameOf(node)) ?? [];
const sum = (pods: readonly Pod[], resource: string, unset = {}) => pods.reduce((n, p) => n + (podRequests(p, unset)[resource] ?? 0), 0);
const bears = (pod: Pod, node: Node) =>
  (node.spec.taints ?? []).filter(keepsAway).every(taint => pod.spec.tolerations?.some(t => tolerates(t, taint)) ?? false);
const hostPorts = (pod: Pod) => pod.spec.containers.flatMap(c => (c.ports ?? []).filter(p => p.hostPort));
const clash = (a: { hostPort?: number; protocol?: string; hostIP?: string }, b: typeof a) => {
  const [x, y] = [a.hostIP || "0.0.0.0", b.hostIP || "0.0.0.0"];
  return a.hostPort === b.hostPort && (a.protocol ?? "TCP") === (b.protocol ?? "TCP") && (x === y || x === "0.0.0.0" || y === "0.0.0.0");
};

const CHECKS: readonly (readonly [string, (pod: Pod, node: Node, world: World) => readonly string[]])[] = [
  [
    "NodeUnschedulable",
    (pod, node) => {
      const taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
      return node.spec.unschedulable && !pod.spec.tolerations?.some(t => tolerates(t, taint)) ? ["node(s) were unschedulable"] : [];
    },
  ],
  ["TaintToleration", (pod, node) => (bears(pod, node) ? [] : ["node(s) had untolerated taint(s)"])],
  ["NodeAffinity", (pod, node) => (podMatchesNode(pod, node) ? [] : ["node(s) didn't match Pod's node affinity/selector"])],
  [
    "NodePorts",
    (pod, node, world) => {
      const taken = on(world, node).flatMap(hostPorts);
      const free = hostPorts(pod).every(a => !taken.some(b => clash(a, b)));
      return free ? [] : ["node(s) didn't have free ports for the requested pod ports"];
    },
  ],
  [
    "NodeResourcesFit",
    (pod, node, world) => {
      const has = amountsOf(node.status.allocatable);
      const reasons = on(world, node).length + 1 > (has.pods ?? 0) ? ["Too many pods"] : [];
      for (const [name, n] of Object.entries(podRequests(pod)))
        if (n > 0 && n > (has[name] ?? 0) - sum(on(world, node), name)) reasons.push(`Insufficient ${name}`);
      return reasons;
    },
  ],
  ["PodTopologySpread", spreadRefusal],
  ["InterPodAffinity", affinityRefusal],
];

const scaled = (raw: Scores, reverse: boolean): Scores => {
  const max = Math.max(0, ...raw.values());
  const one = (n: number) => (max === 0 ? 0 : Math.floor((100 * n) / max));
  return new Map([...raw].map(([k, n]) => [k, reverse ? 100 - one(n) : one(n)]));
};
const each = (nodes: readonly Node[], score: (node: Node) => number): Scores => new Map(nodes.map(n => [nameOf(n), score(n)]));

type Score = (pod: Pod, fitting: readonly Node[], world: World, siblings?: Selector) => Scores | undefined;
const SCORES: readonly (readonly [string, number, Score])[] = [
  [
    "TaintToleration",
    3,
    (pod, fitting) => {
      const soft = (pod.spec.tolerations ?? []).filter(t => !t.effect || t.effect === "PreferNoSchedule");
      const bad = (node: Node) => (node.spec.taints ?? []).filter(t => t.effect === "PreferNoSchedule" && !soft.some(s => tolerates(s, t)));
      return scaled(
        each(fitting, node => bad(node).length),
        true,
      );
    },
  ],
  [
    "NodeAffinity",
    2,
    (pod, fitting) => {
      const wishes = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
      if (wishes.length === 0) return undefined;
      return scaled(
        each(fitting, node => wishes.reduce((n, w) => n + (termMatches(w.preference, node) ? w.weight : 0), 0)),
        false,
      );
    },
  ],
  [
    "NodeResourcesFit",
    1,
    (pod, fitting, world) =>
      each(fitting, node => {
        const has = amountsOf(node.status.allocatable);
        const unset = { cpu: 100, memory: 200 * 1024 * 1024 };
        const parts = ["cpu", "memory"].flatMap(name => {
          const total = has[name] ?? 0;
          if (total === 0) return [];
          const used = sum([...on(world, node), pod], name, unset);
          return [used > total ? 0 : Math.floor(((total - used) * 100) / total)];
        });
        return parts.length === 0 ? 0 : Math.floor(parts.reduce((a, b) => a + b, 0) / parts.length);
      }),
  ],
  ["PodTopologySpread", 2, spreadScore],
  ["InterPodAffinity", 2, affinityScore],
  [
    "NodeResourcesBalancedAllocation",
    1,
    (pod, fitting, world) => {
      const asks = podRequests(pod);
      if (!asks.cpu && !asks.memory) return undefined;
      return each(fitting, node => {
        const has = amountsOf(node.status.allocatable);
        const shares = ["cpu", "memory"].filter(n => has[n]).map(n => Math.min(1, sum([...on(world, node), pod], n) / has[n]!));
        return Math.floor((1 - (shares.length === 2 ? Math.abs(shares[0]! - shares[1]!) / 2 : 0)) * 100);
      });
    },
  ],
];

const HOSTNAME = "kubernetes.io/hostname";
function spreads(pod: Pod, action: string): Spread[] {
  const chosen = (pod.spec.topologySpreadConstraints ?? []).filter(c => c.whenUnsatisfiable === action);
  return chosen.map(c => ({
    ...c,
    selector: selectorOf(c.labelSelector),
    minDomains: c.minDomains ?? 1,
    affinity: c.nodeAffinityPolicy !== "Ignore",
    taints: c.nodeTaintsPolicy === "Honor",
  }));
}
const hasAll = (node: Node, spread: readonly Spread[]) => spread.every(s => s.topologyKey in labelsOf(node));
const counts = (pod: Pod, node: Node, s: Spread) => (!s.affinity || podMatchesNode(pod, node)) && (!s.taints || bears(pod, node));
const matching = (pod: Pod, node: Node, s: Spread, world: World) =>
  on(world, node).filter(
    p => p.metadata.namespace === pod.metadata.namespace && !p.metadata.deletionTimestamp && s.selector.matches(labelsOf(p)),
  ).length;

function spreadRefusal(pod: Pod, node: Node, world: World): readonly string[] {
  const all = spreads(pod, "DoNotSchedule");
  for (const s of all) {
    const value = labelsOf(node)[s.topologyKey];
    if (value === undefined) return ["node(s) didn't match pod topology spread constraints (missing required label)"];
    const places = new Map<string, number>();
    for (const n of world.nodes.filter(n => hasAll(n, all) && counts(pod, n, s))) {
      const at = labelsOf(n)[s.topologyKey]!;
      places.set(at, (places.get(at) ?? 0) + matching(pod, n, s, world));
    }
    const least = places.size < s.minDomains ? 0 : Math.min(...places.values());
    const self = s.selector.matches(labelsOf(pod)) ? 1 : 0;
    if ((places.get(value) ?? 0) + self - least > s.maxSkew) return ["node(s) didn't match pod topology spread constraints"];
  }
  return [];
}
function spreadScore(pod: Pod, fitting: readonly Node[], world: World, siblings?: Selector): Scores | undefined {
  const own = (pod.spec.topologySpreadConstraints?.length ?? 0) > 0;
  const byDefault = (maxSkew: number, topologyKey: string, selector: Selector) => ({
    ...{ maxSkew, topologyKey, selector, minDomains: 1, affinity: true, taints: false },
  });
  const defaults = siblings ? [byDefault(3, HOSTNAME, siblings), byDefault(5, "topology.kubernetes.io/zone", siblings)] : [];
  const all = own ? spreads(pod, "ScheduleAnyway") : defaults;
  if (all.length === 0) return undefined;
  const scored = fitting.filter(n => !own || hasAll(n, all));
  const raw = each(scored, node => {
    let score = 0;
    for (const s of all) {
      const at = (n: Node) => labelsOf(n)[s.topologyKey];
      if (at(node) === undefined) continue;
      const host = s.topologyKey === HOSTNAME;
      const size = host ? scored.length : new Set(scored.map(at)).size;
      const same = world.nodes.filter(n => at(n) === at(node) && (!own || hasAll(n, all)) && counts(pod, n, s));
      const found = host ? matching(pod, node, s, world) : same.reduce((n, o) => n + matching(pod, o, s, world), 0);
      score += found * Math.log(size + 2) + s.maxSkew - 1;
    }
    return Math.round(score);
  });
  const [min, max] = [Math.min(...raw.values()), Math.max(0, ...raw.values())];
  return each(fitting, node => {
    const n = raw.get(nameOf(node));
    if (n === undefined) return 0;
    return max === 0 ? 100 : Math.floor((100 * (max + min - n)) / max);
  });
}

/** Whether `other` is one that the term of `pod` is about. */
function isAbout(term: PodAffinityTerm, pod: Pod, other: Pod, world: World): boolean {
  const space = other.metadata.namespace ?? "";
  const named =
    term.namespaces?.length || term.namespaceSelector ? (term.namespaces ?? []).includes(space) : space === pod.metadata.namespace;
  const selected = term.namespaceSelector && matches(term.namespaceSelector, world.namespaces.get(space) ?? {});
  return (named || !!selected) && matches(term.labelSelector, labelsOf(other));
}
const samePlace = (a: Node, b: Node, key: string) => key in labelsOf(a) && labelsOf(a)[key] === labelsOf(b)[key];
const hard = (pod: Pod, side: "podAffinity" | "podAntiAffinity") =>
  pod.spec.affinity?.[side]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
const soft = (pod: Pod, side: "podAffinity" | "podAntiAffinity") =>
  pod.spec.affinity?.[side]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
const everyPod = (world: World) => world.nodes.flatMap(node => on(world, node).map(pod => ({ node, pod })));

function affinityRefusal(pod: Pod, node: Node, world: World): readonly string[] {
  const others = everyPod(world);
  const near = hard(pod, "podAffinity");
  const friends = others.filter(o => near.every(t => isAbout(t, pod, o.pod, world)));
  const labelled = near.every(t => t.topologyKey in labelsOf(node));
  const found = near.every(t => friends.some(o => samePlace(o.node, node, t.topologyKey)));
  const none = !friends.some(o => near.some(t => t.topologyKey in labelsOf(o.node)));
  const first = none && near.every(t => isAbout(t, pod, pod, world));
  if (near.length > 0 && !(labelled && (found || first))) return ["node(s) didn't match pod affinity rules"];
  for (const t of hard(pod, "podAntiAffinity"))
    if (others.some(o => samePlace(o.node, node, t.topologyKey) && isAbout(t, pod, o.pod, world)))
      return ["node(s) didn't match pod anti-affinity rules"];
  for (const o of others)
    for (const t of hard(o.pod, "podAntiAffinity"))
      if (samePlace(o.node, node, t.topologyKey) && isAbout(t, o.pod, pod, world))
        return ["node(s) didn't satisfy existing pods anti-affinity rules"];
  return [];
}
function affinityScore(pod: Pod, fitting: readonly Node[], world: World): Scores | undefined {
  const others = everyPod(world);
  let asked = soft(pod, "podAffinity").length + soft(pod, "podAntiAffinity").length > 0;
  const raw = each(fitting, node => {
    let score = 0;
    for (const o of others) {
      const add = (term: PodAffinityTerm, weight: number, whose: Pod, whom: Pod) => {
        if (!isAbout(term, whose, whom, world)) return;
        if (whose === o.pod) asked = true;
        if (samePlace(o.node, node, term.topologyKey)) score += weight;
      };
      for (const [side, sign] of [["podAffinity", 1] as const, ["podAntiAffinity", -1] as const]) {
        for (const w of soft(pod, side)) add(w.podAffinityTerm, sign * w.weight, pod, o.pod);
        for (const w of soft(o.pod, side)) add(w.podAffinityTerm, sign * w.weight, o.pod, pod);
      }
      for (const t of hard(o.pod, "podAffinity")) add(t, 1, o.pod, pod);
    }
    return score;
  });
  if (!asked) return undefined;
  const [min, max] = [Math.min(...raw.values()), Math.max(...raw.values())];
  return new Map([...raw].map(([k, n]) => [k, max > min ? Math.trunc(100 * ((n - min) / (max - min))) : 0]));
}
