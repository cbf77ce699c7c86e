/** What a scheduling plugin is. Each stands under upstream's name in plugins/. */
import type { NodeInfo, PodInfo } from "#scheduler/node.ts";

/** Why a node will not do. `final`: no pod's removal from it would help (upstream's UnschedulableAndUnresolvable). */
export interface Refusal {
  readonly reasons: readonly string[];
  readonly final: boolean;
}
/** A check made ready for one pod, called for every node. */
export type Check = (node: NodeInfo) => Refusal | undefined;
/** A score made ready for one pod; raw, `normalize` brings all nodes' scores to 0…100. */
export interface Scoring {
  score(node: NodeInfo): number;
  normalize?(scores: number[]): void;
}
export interface Plugin {
  readonly name: string;
  /** Undefined: this pod asks nothing of it. */
  filter?(pod: PodInfo): Check | undefined;
  score?(pod: PodInfo): Scoring | undefined;
  /** How much its score counts. */
  readonly weight?: number;
}

export const MAX_SCORE = 100;

/** Scales to 0…100 by the greatest; `reverse` where less is better. */
export function scale(scores: number[], reverse: boolean): void {
  const max = Math.max(0, ...scores);
  for (let i = 0; i < scores.length; i++) {
    const scaled = max === 0 ? 0 : Math.floor((MAX_SCORE * scores[i]!) / max);
    scores[i] = reverse ? MAX_SCORE - scaled : scaled;
  }
}
export const refuse = (reason: string): Refusal => ({ reasons: [reason], final: false });
export const refuseForGood = (reason: string): Refusal => ({ reasons: [reason], final: true });
