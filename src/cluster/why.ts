/** GET /coxswain/why: the chain of reasons that brought an object to its state, for who may read the object itself. */
import type { Objects } from "#apiserver/call.ts";
import type { PathHandler } from "#apiserver/paths.ts";
import { json, plain } from "#apiserver/respond.ts";
import { badRequest, notFound } from "#base/status.ts";
import { formatTime } from "#base/time.ts";
import type { Reason, Reasons, Subject } from "#client/reasons.ts";
import { kinds } from "#kinds/all.ts";
import { Event } from "#kinds/core/v1/event.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { type Kind, type KubeObject, resourceOf } from "#kinds/kind.ts";
import type { Verdict } from "#scheduler/decide.ts";

export interface WhyParts {
  readonly reasons: Reasons;
  /** Each node's verdict for a pod that waits. */
  readonly verdicts: (namespace: string, name: string) => readonly Verdict[] | undefined;
  readonly objects: Objects;
}
export interface Why {
  readonly subject: Subject;
  /** What is so now, in a sentence each. */
  readonly state: readonly string[];
  /** Oldest first. */
  readonly chain: readonly Reason[];
  readonly verdicts: readonly Verdict[];
}

export function whyPath(parts: WhyParts): PathHandler {
  return call => {
    if (call.info.path !== "/coxswain/why") return undefined;
    const { query } = call;
    const type = query.get("type") ?? "";
    const kind = kindNamed(type);
    if (!kind) throw badRequest(`"${type}" is no type of this cluster`);
    const name = query.get("name") ?? "";
    const namespace = kind.namespaced ? query.get("namespace") || "default" : "";
    const object = parts.objects.get(kind, name, namespace);
    if (!object) throw notFound(resourceOf(kind), name);
    const subject = { kind: kind.kind, namespace, name };
    const why: Why = {
      subject,
      state: stateOf(object),
      chain: parts.reasons.chain(subject),
      verdicts: (kind.kind === Pod.kind && kind.group === "" && parts.verdicts(namespace, name)) || [],
    };
    return query.get("output") === "json" ? json(why) : plain(told(why));
  };
}

/** By plural, singular, short name or kind, as kubectl takes them. */
function kindNamed(word: string): Kind | undefined {
  const asked = word.toLowerCase();
  const named = (k: Kind) => [k.plural, k.singular, k.kind.toLowerCase(), ...k.short, `${k.plural}.${k.group}`].includes(asked);
  return kinds.find(k => named(k) && !k.ephemeral && k.kind !== Event.kind);
}

/** What an object's own status says, condition by condition. */
function stateOf(object: KubeObject): string[] {
  const { status } = object as {
    status?: { phase?: string; conditions?: { type: string; status: string; reason?: string; message?: string }[] };
  };
  const lines: string[] = [];
  if (object.metadata.deletionTimestamp) lines.push(`is being deleted since ${object.metadata.deletionTimestamp}`);
  if (status?.phase) lines.push(`is ${status.phase}`);
  for (const c of status?.conditions ?? []) {
    const because = [c.reason, c.message].filter(Boolean).join(": ");
    lines.push(`${c.type} is ${c.status}${because ? ` (${because})` : ""}`);
  }
  return lines;
}

function told({ subject, state, chain, verdicts }: Why): string {
  const shown = (s: Subject) => `${s.kind} ${s.namespace ? `${s.namespace}/` : ""}${s.name}`;
  const lines = [shown(subject), ...state.map(s => `  ${s}`)];
  if (chain.length) lines.push("because");
  for (const r of chain) {
    const target = r.target.name === subject.name && r.target.kind === subject.kind ? "it" : shown(r.target);
    const intent = r.intent.name === r.target.name && r.intent.kind === r.target.kind ? "" : ` for ${shown(r.intent)}`;
    lines.push(`  ${formatTime(r.at)}  ${r.loop}: ${r.did} ${target}${intent}: ${r.because}${r.error ? ` (failed: ${r.error})` : ""}`);
  }
  if (verdicts.length) lines.push("nodes");
  for (const v of verdicts) {
    const why = v.refusedBy ? `${v.reasons.join(", ")} (${v.refusedBy})` : `would do, score ${v.score ?? 0}`;
    lines.push(`  ${v.node}: ${why}`);
  }
  if (!chain.length && !verdicts.length)
    lines.push("  no decision about it is remembered (reasons are kept in memory since the control plane started)");
  return `${lines.join("\n")}\n`;
}
