/** What of the cluster's pods and nodes the plugins count: pods of a sort by node, and nodes by place. Both follow the journal. */
import type { Entry } from "#scheduler/journal.ts";
import type { PodInfo } from "#scheduler/podinfo.ts";
import type { Snapshot } from "#scheduler/snapshot.ts";

/** How many pods of a sort are on each node. */
export class Census {
  readonly counts: Int32Array;
  readonly #of: (pod: PodInfo) => number;
  #position = -1;

  constructor(of: (pod: PodInfo) => number, capacity: number) {
    this.#of = of;
    this.counts = new Int32Array(capacity);
  }
  update(snapshot: Snapshot): void {
    const { counts } = this;
    const one = ({ row, pod, sign }: Entry) => {
      // a node that goes takes leave of its pods first
      if (pod) counts[row]! += sign * this.#of(pod);
    };
    if (!snapshot.journal.since(this.#position, one)) {
      counts.fill(0);
      for (const row of snapshot.rows) for (const pod of snapshot.node(row).pods.values()) counts[row]! += this.#of(pod);
    }
    this.#position = snapshot.position;
  }
}

/** Which nodes are one place, by a label of theirs. */
export class Places {
  /** A place's number by row; -1: the node has no such label. */
  readonly of: Int32Array;
  /** Another whenever a node has come, gone or changed. */
  version = 0;
  readonly #label: string;
  readonly #numbers = new Map<string, number>();
  #position = -1;
  #rowsIn: readonly (readonly number[])[] | undefined;

  constructor(label: string, capacity: number) {
    this.#label = label;
    this.of = new Int32Array(capacity).fill(-1);
  }
  /** Numbers are below this; places without a node any more are among them. */
  get count(): number {
    return this.#numbers.size;
  }
  /** The rows of each place's nodes. */
  rowsIn(snapshot: Snapshot): readonly (readonly number[])[] {
    if (!this.#rowsIn) {
      const lists = Array.from({ length: this.count }, (): number[] => []);
      for (const row of snapshot.rows) if (this.of[row]! >= 0) lists[this.of[row]!]!.push(row);
      this.#rowsIn = lists;
    }
    return this.#rowsIn;
  }
  update(snapshot: Snapshot): void {
    const changed = () => {
      this.version++;
      this.#rowsIn = undefined;
    };
    const one = (row: number) => (this.of[row] = this.#number(snapshot, row));
    const all = () => {
      changed();
      this.of.fill(-1);
      this.#numbers.clear();
      for (const row of snapshot.rows) one(row);
    };
    const each = ({ row, pod, sign }: Entry) => {
      if (pod) return;
      changed();
      this.of[row] = sign < 0 || !snapshot.has(row) ? -1 : this.#number(snapshot, row);
    };
    // names of nodes that are gone are not numbered for ever
    if (!snapshot.journal.since(this.#position, each) || this.count > 2 * snapshot.capacity) all();
    this.#position = snapshot.position;
  }
  #number(snapshot: Snapshot, row: number): number {
    const value = snapshot.node(row).node.metadata.labels?.[this.#label];
    if (value === undefined) return -1;
    let number = this.#numbers.get(value);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(value, number);
    }
    return number;
  }
}

/** How many pods of a sort are in each place. */
export class Tally {
  sums = new Int32Array(0);
  readonly #of: (pod: PodInfo) => number;
  #position = -1;
  #version = -1;

  constructor(of: (pod: PodInfo) => number) {
    this.#of = of;
  }
  /** `counts`: the same by row, for when it must begin anew. */
  update(snapshot: Snapshot, places: Places, counts: () => Int32Array): void {
    const { of } = places;
    const one = ({ row, pod, sign }: Entry) => {
      if (pod && of[row]! >= 0) this.sums[of[row]!]! += sign * this.#of(pod);
    };
    if (places.version !== this.#version || !snapshot.journal.since(this.#position, one)) {
      this.sums = new Int32Array(places.count);
      const now = counts();
      for (const row of snapshot.rows) if (of[row]! >= 0) this.sums[of[row]!]! += now[row]!;
    }
    this.#version = places.version;
    this.#position = snapshot.position;
  }
}
