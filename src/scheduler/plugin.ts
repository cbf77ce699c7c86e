/**
 * What a scheduling plugin is. Each stands under upstream's name in plugins/.
 *
 * A plugin is asked once a pod, not once a node: it writes a column, a verdict or a score for each of the rows it is given. What it
 * says may be kept under a key and is then asked anew only for nodes that have changed since, so a key names all that the column
 * depends on beside the node itself and the pods on it.
 */
import type { PodInfo } from "#scheduler/podinfo.ts";
import type { Snapshot } from "#scheduler/snapshot.ts";

/** Why a node will not do. `final`: no pod's removal from it would help (upstream's UnschedulableAndUnresolvable). */
export interface Refusal {
  readonly reasons: readonly string[];
  readonly final: boolean;
}
/** Rows of nodes in the snapshot's columns. */
export type Rows = Int32Array;

export interface Filter {
  /** Undefined: it depends on other nodes too, and is made anew for each pod. */
  readonly key?: string;
  /** Those that the codes speak of; may grow while `fill` runs. */
  readonly refusals: readonly Refusal[];
  /** Writes for each of these rows 0 (the node would do) or 1 + an index of `refusals`. */
  fill(rows: Rows, codes: Uint16Array): void;
}
export interface Scoring {
  /** As a filter's. */
  readonly key?: string;
  /** Writes each row's raw score. */
  fill(rows: Rows, raw: Int32Array): void;
  /** Brings the raw scores of the nodes that would do to 0…100; without it they are so already. */
  normalize?(rows: Rows, raw: Int32Array, out: Int32Array): void;
}
export interface Plugin {
  readonly name: string;
  /** How much its score counts. */
  readonly weight?: number;
  /** Undefined: this pod asks nothing of it. */
  filter?(pod: PodInfo, snapshot: Snapshot): Filter | undefined;
  /** `fitting`: the nodes that passed every filter. */
  score?(pod: PodInfo, snapshot: Snapshot, fitting: Rows): Scoring | undefined;
}

export const MAX_SCORE = 100;

/** Scales to 0…100 by the greatest; `reverse` where less is better. */
export function scale(rows: Rows, raw: Int32Array, out: Int32Array, reverse: boolean): void {
  let max = 0;
  for (let i = 0; i < rows.length; i++) if (raw[rows[i]!]! > max) max = raw[rows[i]!]!;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const scaled = max === 0 ? 0 : Math.floor((MAX_SCORE * raw[row]!) / max);
    out[row] = reverse ? MAX_SCORE - scaled : scaled;
  }
}
export const refuse = (reason: string): Refusal => ({ reasons: [reason], final: false });
export const refuseForGood = (reason: string): Refusal => ({ reasons: [reason], final: true });
