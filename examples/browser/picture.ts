/** The page's picture: a box a node, a mark a pod, coloured by how it is. */
import type { Node } from "#kinds/core/v1/node.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";

export interface Scene {
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
}
export interface PictureParts {
  readonly place: HTMLElement;
  /** Whether a node's machine runs. */
  readonly runs: (node: string) => boolean;
  readonly onPower: (node: string) => void;
  readonly onPod: (pod: Pod) => void;
}
const LEGEND = ["ready", "waiting", "failing", "ending"] as const;
type Look = (typeof LEGEND)[number];

const conditionOf = (object: Node | Pod, type: string) => object.status?.conditions?.find(c => c.type === type)?.status;

export function lookOf(pod: Pod): Look {
  if (pod.metadata.deletionTimestamp) return "ending";
  const statuses = pod.status?.containerStatuses ?? [];
  const failing = pod.status?.phase === "Failed" || statuses.some(s => /BackOff|Err/.test(s.state?.waiting?.reason ?? ""));
  if (failing) return "failing";
  return conditionOf(pod, "Ready") === "True" || pod.status?.phase === "Succeeded" ? "ready" : "waiting";
}

/** Draws the whole scene anew; returns at once. */
export function draw({ place, runs, onPower, onPod }: PictureParts, { nodes, pods }: Scene): void {
  const box = (name: string, says: string, own: readonly Pod[], ...buttons: HTMLElement[]) => {
    const node = element("article", "node");
    const head = element("h2", "", name);
    head.append(element("span", "", says), ...buttons);
    const list = element("div", "pods");
    list.append(...own.map(mark));
    node.append(head, list);
    return node;
  };
  const mark = (pod: Pod) => {
    const restarts = (pod.status?.containerStatuses ?? []).reduce((sum, s) => sum + s.restartCount, 0);
    const button = element("button", `pod ${lookOf(pod)}`, `${pod.metadata.name}${restarts ? ` ↻${restarts}` : ""}`);
    button.title = `${pod.metadata.namespace}/${pod.metadata.name}: ${pod.status?.phase ?? ""} ${pod.status?.podIP ?? ""}`;
    button.addEventListener("click", () => onPod(pod));
    return button;
  };
  const byName = (a: Node | Pod, b: Node | Pod) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1);
  const drawn = [...nodes].sort(byName).map(node => {
    const name = node.metadata.name ?? "";
    const ready = conditionOf(node, "Ready") === "True" ? "Ready" : "NotReady";
    const closed = node.spec.unschedulable ? ", SchedulingDisabled" : "";
    const power = element("button", "", runs(name) ? "pull the plug" : "switch on");
    power.addEventListener("click", () => onPower(name));
    const own = pods.filter(p => p.spec.nodeName === name).sort(byName);
    const article = box(name, `${ready}${closed} · ${node.spec.podCIDR ?? ""}`, own, power);
    article.classList.toggle("away", ready !== "Ready");
    return article;
  });
  const homeless = pods.filter(p => !p.spec.nodeName).sort(byName);
  const legend = element("div", "");
  legend.id = "legend";
  for (const look of LEGEND) {
    const item = element("span", "", look);
    const colour = element("i", "");
    colour.style.setProperty("--state", `var(--${look})`);
    item.prepend(colour);
    legend.append(item);
  }
  place.replaceChildren(legend, ...drawn, ...(homeless.length ? [box("no node yet", `${homeless.length} waiting`, homeless)] : []));
}

function element(tag: string, className: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
