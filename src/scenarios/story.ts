/** A run's history as lines that a person reads: when, what happened, which faults, who wrote what. */
import type { HistoryEntry } from "#cluster/history.ts";
import type { Injector } from "#sim/faults/injector.ts";

export interface Told {
  readonly began: number;
  readonly history: readonly HistoryEntry[];
  readonly log: Injector["log"];
  readonly said: readonly { readonly at: number; readonly line: string }[];
}
/** Kinds whose writes say little of the story. */
const NOISE = new Set(["Lease", "Event"]);

export function storyOf({ began, history, log, said }: Told): string[] {
  const lines: { at: number; text: string }[] = [
    ...said.map(({ at, line }) => ({ at, text: `* ${line}` })),
    ...log.map(({ at, what, fault }) => ({ at, text: `! ${what}: ${JSON.stringify({ ...fault, at: undefined })}` })),
    ...history.filter(h => h.at >= began && !NOISE.has(h.kind)).map(h => ({ at: h.at, text: wrote(h) })),
  ];
  return lines.sort((a, b) => a.at - b.at).map(({ at, text }) => `${clockOf(at - began)}  ${text}`);
}
function wrote(h: HistoryEntry): string {
  const who = h.loop || h.user.replace(/^system:(serviceaccount:kube-system:)?/, "");
  const what = `${h.kind} ${h.namespace ? `${h.namespace}/` : ""}${h.name}${h.subresource ? ` (${h.subresource})` : ""}`;
  return `${who} ${h.did}s ${what}${h.because ? `: ${h.because}` : ""}`;
}
/** "03:25:07.120" since the beginning. */
function clockOf(ms: number): string {
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  return `${two(ms / 3600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}.${String(ms % 1000).padStart(3, "0")}`;
}
