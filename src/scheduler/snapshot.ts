/**
 * The nodes with their pods, kept up by changes; pods that were given a node count on it before the watch says so. Each node has a row,
 * and what the plugins read stands in columns over the rows: what it has and what is used (ledger.ts), which place it is in, how many
 * pods of a sort it runs. All but the nodes and pods themselves is derived, and can be worked out anew from them at any time.
 */
import { assert } from "#base/assert.ts";
import { equal } from "#base/equal.ts";
import { limits } from "#base/limits.ts";
import { Recent } from "#base/recent.ts";
import type { Node } from "#kinds/core/v1/node.ts";
import { amountsOf } from "#rules/podrequests.ts";
import { Census, Places, Tally } from "#scheduler/census.ts";
import { Journal } from "#scheduler/journal.ts";
import { Columns } from "#scheduler/kept.ts";
import { Ledger } from "#scheduler/ledger.ts";
import type { Rows } from "#scheduler/plugin.ts";
import type { PodInfo } from "#scheduler/podinfo.ts";
import type { Term } from "#scheduler/terms.ts";

export interface NodeInfo {
  readonly name: string;
  readonly node: Node;
  readonly pods: Map<string, PodInfo>;
  /** Those of its pods that take ports of the node. */
  readonly withPorts: Map<string, PodInfo>;
}
interface Placed {
  readonly pod: PodInfo;
  readonly node: string;
}
interface Sort {
  readonly term: Term;
  pods: number;
}
interface Changed {
  readonly rows: Rows;
  readonly gone: Rows;
}
const FIRST_CAPACITY = 64;
const NONE = new Int32Array(0);
const UNCHANGED: Changed = { rows: NONE, gone: NONE };

export class Snapshot {
  /** Rows that there is room for; a row's number is below it. */
  capacity = FIRST_CAPACITY;
  ledger = new Ledger(FIRST_CAPACITY);
  readonly journal = new Journal(limits.schedulerJournal);
  readonly columns: Columns = new Columns(this, limits.schedulerColumns);
  /** Labels of namespaces, by name. */
  readonly namespaces = new Map<string, Readonly<Record<string, string>>>();
  readonly #rowOf = new Map<string, number>();
  readonly #nodes: (NodeInfo | undefined)[] = [];
  readonly #free: number[] = [];
  /** Where each pod counts, by uid. */
  readonly #placed = new Map<string, Placed>();
  /** Pods on nodes that have not been seen yet, or not any more, by node and uid. */
  readonly #homeless = new Map<string, Map<string, PodInfo>>();
  /** The terms of all pods on nodes, by key. */
  readonly #terms = new Map<string, Sort>();
  readonly #censuses = new Recent<Census>(limits.schedulerColumns);
  readonly #tallies = new Recent<Tally>(limits.schedulerColumns);
  readonly #places = new Recent<Places>(limits.schedulerColumns);
  #rows: Rows | undefined;
  #placesOfRows: Int32Array | undefined;
  /** The last answer of `changed`: several columns ask for the same. */
  #lastChanged: { readonly since: number; readonly until: number; readonly changed: Changed } | undefined;

  /** The rows of the nodes, in order of name, so that equal states decide alike. */
  get rows(): Rows {
    this.#rows ??= Int32Array.from(
      [...this.#rowOf].sort(([a], [b]) => (a < b ? -1 : 1)),
      ([, row]) => row,
    );
    return this.#rows;
  }
  /** Where a row stands in `rows`. */
  placeOf(row: number): number {
    if (!this.#placesOfRows) {
      const { rows } = this;
      this.#placesOfRows = new Int32Array(this.capacity);
      for (let i = 0; i < rows.length; i++) this.#placesOfRows[rows[i]!] = i;
    }
    return this.#placesOfRows[row]!;
  }
  get position(): number {
    return this.journal.position;
  }
  node(row: number): NodeInfo {
    const found = this.#nodes[row];
    assert(found, "a row has its node");
    return found;
  }
  has(row: number): boolean {
    return this.#nodes[row] !== undefined;
  }
  /** Rows that have changed since the position, each once (`rows` itself when they are many), and those whose node is gone. */
  changed(since: number): Changed {
    const until = this.position;
    if (since === until) return UNCHANGED;
    if (this.#lastChanged?.since !== since || this.#lastChanged.until !== until)
      this.#lastChanged = { since, until, changed: this.#changedSince(since) };
    return this.#lastChanged.changed;
  }
  #changedSince(since: number): Changed {
    const found = new Set<number>();
    if (!this.journal.since(since, e => found.add(e.row)) || found.size > this.#rowOf.size / 2)
      return { rows: this.rows, gone: this.#freeRows() };
    const rows: number[] = [];
    const gone: number[] = [];
    for (const row of found) (this.has(row) ? rows : gone).push(row);
    return { rows: Int32Array.from(rows), gone: gone.length === 0 ? NONE : Int32Array.from(gone) };
  }
  /** How many pods on each node there are of a sort; `of` says how often one counts, and `key` names it. */
  census(key: string, of: (pod: PodInfo) => number): Int32Array {
    const census = this.#censuses.get(key, () => new Census(of, this.capacity));
    census.update(this);
    return census.counts;
  }
  /** Which nodes are one place by this label. */
  places(label: string): Places {
    const places = this.#places.get(label, () => new Places(label, this.capacity));
    places.update(this);
    return places;
  }
  /** The same by place: how many pods of the sort are in each place that the label makes. */
  tally(label: string, key: string, of: (pod: PodInfo) => number): { readonly places: Places; readonly sums: Int32Array } {
    const places = this.places(label);
    const tally = this.#tallies.get(`${label} ${key}`, () => new Tally(of));
    tally.update(this, places, () => this.census(key, of));
    return { places, sums: tally.sums };
  }
  /** What the pods on nodes say of other pods, each distinct term once. */
  *terms(): Generator<Term> {
    for (const { term } of this.#terms.values()) yield term;
  }

  setNode(node: Node): void {
    const name = node.metadata.name ?? "";
    const known = this.#rowOf.get(name);
    const row = known ?? this.#newRow();
    const was = known === undefined ? undefined : this.#nodes[known];
    this.#nodes[row] = { name, node, pods: was?.pods ?? new Map(), withPorts: was?.withPorts ?? new Map() };
    this.ledger.setAllocatable(row, amountsOf(node.status.allocatable));
    this.journal.add(row, undefined, 1);
    if (was) return;
    this.#rowOf.set(name, row);
    this.#rows = this.#placesOfRows = undefined;
    for (const pod of this.#homeless.get(name)?.values() ?? []) this.#enter(row, pod);
    this.#homeless.delete(name);
  }
  removeNode(name: string): void {
    const row = this.#rowOf.get(name);
    if (row === undefined) return;
    const { pods } = this.node(row);
    for (const pod of [...pods.values()]) {
      this.#leave(row, pod);
      this.#wait(name, pod);
    }
    this.ledger.clear(row);
    this.#nodes[row] = undefined;
    this.#rowOf.delete(name);
    this.#free.push(row);
    this.#rows = this.#placesOfRows = undefined;
    this.journal.add(row, undefined, -1);
  }
  /** The pod has this node: seen in the view, or decided just now. */
  place(pod: PodInfo, node: string): void {
    this.forget(pod.uid);
    this.#placed.set(pod.uid, { pod, node });
    const row = this.#rowOf.get(node);
    if (row === undefined) this.#wait(node, pod);
    else this.#enter(row, pod);
  }
  /** A newer state of a pod that is placed, of which nothing counts that has changed. */
  renew(pod: PodInfo): void {
    const placed = this.#placed.get(pod.uid);
    assert(placed, "a pod that is renewed has its node");
    const { node } = placed;
    this.#placed.set(pod.uid, { pod, node });
    const row = this.#rowOf.get(node);
    if (row === undefined) return this.#wait(node, pod);
    const { pods, withPorts } = this.node(row);
    pods.set(pod.uid, pod);
    if (pod.ports.length > 0) withPorts.set(pod.uid, pod);
  }
  placed(uid: string): Placed | undefined {
    return this.#placed.get(uid);
  }
  /** The pod is gone, has ended, or its binding failed. */
  forget(uid: string): void {
    const placed = this.#placed.get(uid);
    if (!placed) return;
    this.#placed.delete(uid);
    const row = this.#rowOf.get(placed.node);
    if (row !== undefined) return this.#leave(row, placed.pod);
    const homeless = this.#homeless.get(placed.node);
    homeless?.delete(uid);
    if (homeless?.size === 0) this.#homeless.delete(placed.node);
  }
  /** A namespace's labels; undefined: it is gone. False: nothing has changed. */
  setNamespace(name: string, labels: Readonly<Record<string, string>> | undefined): boolean {
    if (equal(labels, this.namespaces.get(name))) return false;
    if (labels) this.namespaces.set(name, labels);
    else this.namespaces.delete(name);
    // which pods a selector of namespaces is about has changed
    this.#censuses.clear();
    this.#tallies.clear();
    this.columns.clear();
    return true;
  }

  #enter(row: number, pod: PodInfo): void {
    const { pods, withPorts } = this.node(row);
    pods.set(pod.uid, pod);
    if (pod.ports.length > 0) withPorts.set(pod.uid, pod);
    this.ledger.count(row, pod, 1);
    for (const term of pod.terms) {
      const sort = this.#terms.get(term.key);
      if (sort) sort.pods++;
      else this.#terms.set(term.key, { term, pods: 1 });
    }
    this.journal.add(row, pod, 1);
  }
  #leave(row: number, pod: PodInfo): void {
    const { pods, withPorts } = this.node(row);
    if (!pods.delete(pod.uid)) return;
    withPorts.delete(pod.uid);
    this.ledger.count(row, pod, -1);
    for (const term of pod.terms) {
      const sort = this.#terms.get(term.key);
      if (sort && --sort.pods === 0) this.#terms.delete(term.key);
    }
    this.journal.add(row, pod, -1);
  }
  #wait(node: string, pod: PodInfo): void {
    const waiting = this.#homeless.get(node);
    if (waiting) waiting.set(pod.uid, pod);
    else this.#homeless.set(node, new Map([[pod.uid, pod]]));
  }
  #newRow(): number {
    const row = this.#free.pop() ?? this.#nodes.length;
    if (row < this.capacity) return row;
    this.capacity *= 2;
    this.ledger = new Ledger(this.capacity, this.ledger);
    this.columns.clear();
    this.#censuses.clear();
    this.#tallies.clear();
    this.#places.clear();
    return row;
  }
  #freeRows(): Rows {
    return this.#free.length === 0 ? NONE : Int32Array.from(this.#free);
  }
}
