/** GET /coxswain/why: the chain of reasons that brought an object to its state, for who may read the object itself. */
import type { Objects } from "#apiserver/call.ts";
import type { Journal } from "#apiserver/journal.ts";
import type { PathHandler } from "#apiserver/paths.ts";
import { json, plain } from "#apiserver/respond.ts";
import { limits } from "#base/limits.ts";
import { badRequest, notFound } from "#base/status.ts";
import { formatTime } from "#base/time.ts";
import { type Reason, type Reasons, type Subject, subjectOf } from "#client/reasons.ts";
import { kinds } from "#kinds/all.ts";
import { Event } from "#kinds/core/v1/event.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import type { ContainerStatus } from "#kinds/core/v1/podstatus.ts";
import { type Kind, type KubeObject, resourceOf } from "#kinds/kind.ts";
import { kindOfWord } from "#kinds/words.ts";
import type { Verdict } from "#scheduler/decide.ts";
import { DEFAULT_SCHEDULER } from "#scheduler/scheduler.ts";
import type { Revision } from "#store/contract.ts";

export interface WhyParts {
  readonly reasons: Reasons;
  /** Each node's verdict for a pod that waits. */
  readonly verdicts: (namespace: string, name: string) => readonly Verdict[] | undefined;
  readonly objects: Objects;
  /** The reasons of earlier processes, newest first; asked for once, when somebody wants to know. */
  readonly earlier: () => Promise<readonly Reason[]>;
}
export interface Why {
  readonly subject: Subject;
  /** What is so now, in a sentence each. */
  readonly state: readonly string[];
  /** What made it, and what made that, the first cause first. */
  readonly origin: readonly Reason[];
  /** Decisions about the object itself, and those made for its sake about others; oldest first. */
  readonly decisions: readonly Reason[];
  readonly verdicts: readonly Verdict[];
  /** What it owns and is not well, each with its own why. */
  readonly troubles: readonly Why[];
}
/** How far down owners are followed: deployment, replica set, pod. */
const DEPTH = 2;

export function whyPath(parts: WhyParts): PathHandler {
  let recalled: Promise<void> | undefined;
  return async call => {
    if (call.info.path !== "/coxswain/why") return undefined;
    recalled ??= parts.earlier().then(reasons => parts.reasons.recall(reasons));
    await recalled;
    const { query } = call;
    const type = query.get("type") ?? "";
    const kind = kindOfWord(type);
    // Events are not held in memory.
    if (!kind || kind.kind === Event.kind) throw badRequest(`"${type}" is no type of this cluster`);
    const name = query.get("name") ?? "";
    const namespace = kind.namespaced ? query.get("namespace") || "default" : "";
    const object = parts.objects.get(kind, name, namespace);
    if (!object) throw notFound(resourceOf(kind), name);
    const why = whyOf(parts, kind, object, DEPTH);
    return query.get("output") === "json" ? json(why) : plain(`${told(why, "").join("\n")}\n`);
  };
}

function whyOf(parts: WhyParts, kind: Kind, object: KubeObject, depth: number): Why {
  const { name = "", namespace = "", uid } = object.metadata;
  const subject = { kind: kind.kind, namespace, name };
  const made = parts.reasons.of(subject).filter(r => !(sameSubject(r.target, subject) && r.did === "create"));
  const verdicts = (kind.kind === Pod.kind && kind.group === "" && parts.verdicts(namespace, name)) || [];
  const troubles: Why[] = [];
  for (const child of depth > 0 ? ownedKinds : []) {
    for (const owned of parts.objects.list(child, namespace)) {
      const isOwner = owned.metadata.ownerReferences?.some(o => o.uid === uid);
      if (isOwner && unwell(owned)) troubles.push(whyOf(parts, child, owned, depth - 1));
    }
  }
  return { subject, state: stateOf(object), origin: originOf(parts.reasons, subject), decisions: made, verdicts, troubles };
}

const ownedKinds: readonly Kind[] = kinds.filter(k => k.namespaced && !k.ephemeral && k.subresources.status);
const sameSubject = (a: Subject, b: Subject) => a.kind === b.kind && a.name === b.name && a.namespace === b.namespace;

/** The creation of the object, before it that of the object for whose sake it was created, and so on. */
function originOf(reasons: Reasons, subject: Subject): Reason[] {
  const out: Reason[] = [];
  for (let s: Subject | undefined = subject; s && out.length < 10; ) {
    const at: Subject = s;
    const creation: Reason | undefined = reasons.of(at).findLast(r => r.did === "create" && sameSubject(r.target, at));
    if (creation) out.unshift(creation);
    s = creation && !sameSubject(creation.intent, at) ? creation.intent : undefined;
  }
  return out;
}

/** A condition that should hold and does not, a failure, or fewer ready replicas than wanted. */
function unwell(object: KubeObject): boolean {
  const { spec, status } = object as {
    spec?: { replicas?: number };
    status?: { phase?: string; readyReplicas?: number; conditions?: { type: string; status: string }[] };
  };
  if (status?.phase === "Succeeded") return false;
  if (spec?.replicas !== undefined && (status?.readyReplicas ?? 0) < spec.replicas) return true;
  return status?.phase === "Failed" || (status?.conditions?.some(c => c.status === "False") ?? false);
}

/** What an object's own status says, condition by condition. */
function stateOf(object: KubeObject): string[] {
  const { spec, status } = object as {
    spec?: { finalizers?: readonly string[]; nodeName?: string; schedulerName?: string };
    status?: { phase?: string; conditions?: { type: string; status: string; reason?: string; message?: string }[] };
  };
  const lines: string[] = [];
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  const held = [...finalizers, ...(spec?.finalizers ?? [])];
  if (deletionTimestamp)
    lines.push(`is being deleted since ${deletionTimestamp}${held.length > 0 ? `, and held by ${held.join(", ")}` : ""}`);
  const { nodeName, schedulerName = DEFAULT_SCHEDULER } = spec ?? {};
  if (object.kind === Pod.kind && !nodeName && schedulerName !== DEFAULT_SCHEDULER)
    lines.push(`waits for the scheduler "${schedulerName}", which is none of this cluster's own`);
  if (status?.phase) lines.push(`is ${status.phase}`);
  for (const c of status?.conditions ?? []) {
    const because = [c.reason, c.message].filter(Boolean).join(": ");
    lines.push(`${c.type} is ${c.status}${because ? ` (${because})` : ""}`);
  }
  for (const c of containers(object)) {
    const { waiting, terminated } = c.state ?? {};
    const now = waiting ?? (terminated?.exitCode ? terminated : undefined);
    if (now) lines.push(`container ${c.name}: ${[now.reason, now.message].filter(Boolean).join(": ")}`);
  }
  return lines;
}
function containers(object: KubeObject): readonly ContainerStatus[] {
  const { status } = object as { status?: Pod["status"] };
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

function told(why: Why, indent: string): string[] {
  const { subject, state, origin, decisions, verdicts, troubles } = why;
  const shown = (s: Subject) => `${s.kind} ${s.namespace ? `${s.namespace}/` : ""}${s.name}`;
  const line = (r: Reason) => {
    const target = sameSubject(r.target, subject) ? "" : ` ${shown(r.target)}`;
    return `${indent}    ${formatTime(r.at)}  ${r.loop}: ${r.did}${target}: ${r.because}${r.error ? ` (failed: ${r.error})` : ""}`;
  };
  const lines = [`${indent}${shown(subject)}`, ...state.map(s => `${indent}  ${s}`)];
  if (origin.length) lines.push(`${indent}  it exists because`, ...origin.map(line));
  if (decisions.length) lines.push(`${indent}  since then`, ...decisions.map(line));
  if (verdicts.length) lines.push(`${indent}  nodes`);
  for (const v of verdicts) {
    const verdict = v.refusedBy ? `${v.reasons.join(", ")} (${v.refusedBy})` : `would do, score ${v.score ?? 0}`;
    lines.push(`${indent}    ${v.node}: ${verdict}`);
  }
  if (!origin.length && !decisions.length)
    lines.push(
      `${indent}  no decision about it is remembered (reasons are kept as long as the cluster's past, an hour if nobody says otherwise)`,
    );
  if (troubles.length) lines.push(`${indent}  not well are`, ...troubles.flatMap(t => told(t, `${indent}    `)));
  return lines;
}

/** Reasons that the journal has of loops' writes up to `revision`, newest first. */
export async function noted(journal: Journal, revision: Revision): Promise<Reason[]> {
  const out: Reason[] = [];
  let read = 0;
  for await (const { at, key, kind, did, author } of journal.before(revision)) {
    if (++read > limits.historyReasons) break;
    if (!author.cause) continue;
    const { loop, intent, because } = author.cause;
    const [name = "", namespace = ""] = key.split("/").slice(-2).reverse();
    const namespaced = kinds.some(k => k.kind === kind && k.namespaced);
    out.push({
      at,
      loop,
      intent: subjectOf(intent),
      did,
      target: { kind, namespace: namespaced ? namespace : "", name },
      because,
      error: "",
    });
  }
  return out;
}
