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
  /**
   * Of one that is kept though it depends on other nodes: looks at what it depends on, before each `fill`, and says which rows are to be
   * asked anew, each once, beside those that have changed themselves since it was last called; undefined: all.
   */
  look?(): readonly number[] | undefined;
  /** Those that the codes speak of; may grow while `fill` runs. */
  readonly refusals: readonly Refusal[];
  /** Writes for each of these rows 0 (the node would do) or 1 + an index of `refusals`. */
  fill(rows: Rows, codes: Uint16Array): void;
}
/** How raw scores are brought to 0…100: by the greatest of the nodes that would do; "less": the less the better. */
export type Scaled = "more" | "less";
/** Scores that are kept: of a node by itself. */
export interface KeptScoring {
  /** As a filter's. */
  readonly key: string;
  /** Absent: the raw scores are 0…100 already. */
  readonly scaled?: Scaled;
  /** Writes each row's raw score, 0 or more. */
  fill(rows: Rows, raw: Int32Array): void;
}
/** Scores that depend on other nodes, too. */
export interface FreshScoring {
  /** Writes each row's raw score. */
  fill(rows: Rows, raw: Int32Array): void;
  /** Brings the raw scores of the nodes that would do to 0…100. */
  normalize(rows: Rows, raw: Int32Array, out: Int32Array): void;
}
export interface Plugin {
  readonly name: string;
  /** How much its score counts. */
  readonly weight?: number;
  /** Undefined: this pod asks nothing of it. */
  filter?(pod: PodInfo, snapshot: Snapshot): Filter | undefined;
  /** Undefined: to this pod all nodes are alike to it. */
  score?(pod: PodInfo, snapshot: Snapshot): KeptScoring | undefined;
  /** `fitting` gives the nodes that passed every filter. */
  compare?(pod: PodInfo, snapshot: Snapshot, fitting: () => Rows): FreshScoring | undefined;
}

export const MAX_SCORE = 100;

/** A raw score as a share of the greatest, 0…100. */
export function scaled(raw: number, greatest: number, way: Scaled): number {
  const share = greatest === 0 ? 0 : Math.floor((MAX_SCORE * raw) / greatest);
  return way === "less" ? MAX_SCORE - share : share;
}
export const refuse = (reason: string): Refusal => ({ reasons: [reason], final: false });
export const refuseForGood = (reason: string): Refusal => ({ reasons: [reason], final: true });
