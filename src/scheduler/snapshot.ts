/** The nodes with their pods, kept up by changes; pods that were given a node count on it before the watch says so. */
import type { Node } from "#kinds/core/v1/node.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { NodeInfo, type PodInfo, podInfo } from "#scheduler/node.ts";

export class Snapshot {
  readonly #nodes = new Map<string, NodeInfo>();
  /** Where each pod counts, by uid. */
  readonly #placed = new Map<string, string>();
  /** Pods on nodes that have not been seen yet, or not any more. */
  readonly #homeless = new Map<string, PodInfo>();
  #list: readonly NodeInfo[] | undefined;

  /** In order of name, so that equal states decide alike. */
  nodes(): readonly NodeInfo[] {
    this.#list ??= [...this.#nodes.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, n]) => n);
    return this.#list;
  }
  setNode(node: Node): void {
    const name = node.metadata.name ?? "";
    const known = this.#nodes.get(name);
    if (known) return known.update(node);
    const fresh = new NodeInfo(node);
    this.#nodes.set(name, fresh);
    this.#list = undefined;
    for (const [uid, info] of this.#homeless) {
      if (this.#placed.get(uid) !== name) continue;
      this.#homeless.delete(uid);
      fresh.add(info);
    }
  }
  removeNode(name: string): void {
    for (const info of this.#nodes.get(name)?.pods.values() ?? []) this.#homeless.set(info.uid, info);
    this.#nodes.delete(name);
    this.#list = undefined;
  }
  /** The pod has this node: seen in the view, or decided just now. */
  place(pod: Pod, node: string): void {
    const info = podInfo(pod);
    this.forget(info.uid);
    this.#placed.set(info.uid, node);
    const there = this.#nodes.get(node);
    if (there) there.add(info);
    else this.#homeless.set(info.uid, info);
  }
  /** The pod is gone, has ended, or its binding failed. */
  forget(uid: string): void {
    const node = this.#placed.get(uid);
    if (node !== undefined) this.#nodes.get(node)?.remove(uid);
    this.#placed.delete(uid);
    this.#homeless.delete(uid);
  }
}
