/** What each node has and what is asked of it, as columns: one number a row, so that a plugin reads thousands of nodes in a loop. */
import type { Amounts } from "#rules/podrequests.ts";
import type { PodInfo } from "#scheduler/podinfo.ts";

/** Of one resource; CPU in thousandths, all else in units. */
export interface Account {
  readonly has: Float64Array;
  readonly used: Float64Array;
}

export class Ledger {
  readonly #capacity: number;
  readonly #accounts = new Map<string, Account>();
  readonly #scored = new Map<string, Float64Array>();
  /** Pods on the node. */
  readonly pods: Int32Array;

  /** Room for so many rows; rows are taken over from `from`. */
  constructor(capacity: number, from?: Ledger) {
    this.#capacity = capacity;
    this.pods = new Int32Array(capacity);
    if (!from) return;
    this.pods.set(from.pods);
    for (const [name, { has, used }] of from.#accounts) {
      const account = this.account(name);
      account.has.set(has);
      account.used.set(used);
    }
    for (const [name, used] of from.#scored) this.scored(name).set(used);
  }
  account(resource: string): Account {
    const known = this.#accounts.get(resource);
    if (known) return known;
    const made = { has: new Float64Array(this.#capacity), used: new Float64Array(this.#capacity) };
    this.#accounts.set(resource, made);
    return made;
  }
  /** What is asked for with stand-ins for what is unset. */
  scored(resource: string): Float64Array {
    const known = this.#scored.get(resource);
    if (known) return known;
    const made = new Float64Array(this.#capacity);
    this.#scored.set(resource, made);
    return made;
  }
  setAllocatable(row: number, amounts: Amounts): void {
    for (const { has } of this.#accounts.values()) has[row] = 0;
    for (const [name, n] of Object.entries(amounts)) this.account(name).has[row] = n;
  }
  count(row: number, pod: PodInfo, sign: 1 | -1): void {
    this.pods[row]! += sign;
    for (const name in pod.requests) this.account(name).used[row]! += sign * pod.requests[name]!;
    for (const name in pod.scored) this.scored(name)[row]! += sign * pod.scored[name]!;
  }
  clear(row: number): void {
    this.pods[row] = 0;
    for (const { has, used } of this.#accounts.values()) has[row] = used[row] = 0;
    for (const used of this.#scored.values()) used[row] = 0;
  }
}
