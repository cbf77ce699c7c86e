/**
 * The runner of all loops: observe, decide, act. It keeps what every loop needs and none should hold: the queue with back-off, the
 * own writes laid over the views, live reads after an unknown outcome, conflicts retried, creations in growing batches, wake-ups,
 * events and reasons.
 */
import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import { equal } from "#base/equal.ts";
import type { Log } from "#base/log.ts";
import { reasonOf, StatusError } from "#base/status.ts";
import type { Client } from "#client/client.ts";
import type { AnyController, Failure, Watch } from "#client/controller.ts";
import type { Recorder } from "#client/events.ts";
import { outcomeUnknown } from "#client/http.ts";
import { Queue } from "#client/queue.ts";
import { type Reasons, subjectId } from "#client/reasons.ts";
import type { Create, OutcomeEvent, Remove, Step, Tell, Write } from "#client/steps.ts";
import { splitKey } from "#client/view.ts";
import type { Views } from "#client/views.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";

export interface LoopParts {
  /** Writes (and live reads) with the loop's own identity. */
  readonly client: Client;
  readonly views: Views;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly recorder: Recorder;
  readonly reasons: Reasons;
}
export interface LoopStats {
  readonly rounds: number;
  readonly writes: number;
  readonly failures: number;
  readonly retries: number;
  readonly depth: number;
  readonly working: number;
}
export interface Loop {
  readonly name: string;
  /** Begins once its views are there; the promise resolves then. */
  start(): Promise<void>;
  /** Takes no more keys; resolves when the rounds under way have ended. */
  stop(): Promise<void>;
  stats(): LoopStats;
  /** Nothing waits and nothing is being worked on. */
  readonly idle: boolean;
  /** Wakes a key by hand. */
  wake(key: string): void;
}

const WORKERS = 5;
/** Deletions sent at once by one round. */
const DELETIONS = 32;
/** Milliseconds after which the runner lets others have the thread. */
const SLICE = 8;

type Act = Write | Tell;
/** What became of one write. `again`: the view was behind, or the outcome is unknown; the rest of the round rests on it and is dropped. */
type Outcome =
  | { readonly is: "done" }
  | { readonly is: "failed"; readonly failure: Failure }
  | { readonly is: "again" }
  | { readonly is: "ignored" };

export function createLoop(definition: AnyController, parts: LoopParts): Loop {
  const { client, views, clock, chance, recorder, reasons } = parts;
  const log = parts.log.with({ loop: definition.name });
  const failuresOf = new Map<string, readonly Failure[]>();
  /** Kinds that are to be read live before the key is decided again, by key: after writes with an unknown outcome. */
  const inDoubt = new Map<string, { readonly kind: Kind; readonly namespace: string | undefined }[]>();
  const stats = { rounds: 0, writes: 0, failures: 0, retries: 0 };
  const queue = new Queue(clock, pump);
  const endings: (() => void)[] = [];
  const drained: (() => void)[] = [];
  let ending = new AbortController();
  let running = false;
  /** Since when this loop has had the thread without a pause, and until when it had it last; monotonic. */
  let sliceBegan = 0;
  let hadUntil = 0;
  let since = clock.now();

  function pump(): void {
    while (running && queue.working < (definition.workers ?? WORKERS)) {
      const key = queue.take();
      if (key === undefined) break;
      void work(key);
    }
  }
  async function work(key: string): Promise<void> {
    try {
      const now = clock.monotonic();
      if (now - hadUntil > SLICE) sliceBegan = now;
      // many keys whose rounds need no answer would hold the thread for as long as they last
      else if (now - sliceBegan > SLICE) {
        await clock.sleep(0, ending.signal).catch(() => undefined);
        sliceBegan = clock.monotonic();
      }
      if (running) await round(key);
    } catch (error) {
      stats.failures++;
      log.warn("a round failed and is tried again", { key, error: error instanceof StatusError ? error.message : error });
      retry(key);
    }
    hadUntil = clock.monotonic();
    queue.done(key);
    if (!running && queue.working === 0) for (const resolve of drained.splice(0)) resolve();
    pump();
  }
  const enqueue = (key: string, delay: number | undefined) => (delay ? queue.addAfter(key, delay) : queue.add(key));
  function retry(key: string): void {
    stats.retries++;
    queue.retry(key);
  }

  async function round(key: string): Promise<void> {
    stats.rounds++;
    for (const doubt of inDoubt.get(key) ?? NOTHING) await views.readLive(doubt.kind, doubt.namespace);
    inDoubt.delete(key);
    const now = clock.now();
    const seen = definition.observe(key, { views, client, now, since });
    const observed = seen instanceof Promise ? await seen : seen;
    if (observed === undefined) {
      failuresOf.delete(key);
      queue.forget(key);
      return;
    }
    const earlier = failuresOf.get(key) ?? NOTHING;
    const steps = definition.decide(observed, { now, chance, failures: earlier });
    const failures: Failure[] = [];
    let again = false;
    for (const group of groups(steps)) {
      const outcomes = await act(key, group);
      for (const o of outcomes) if (o.is === "failed") failures.push(o.failure);
      again = outcomes.some(o => o.is === "again");
      const crucial = outcomes.some(o => o.is === "failed") && group.some(s => s.do === "create" && s.crucial);
      if (again || crucial || !running) break;
    }
    if (failures.length > 0) failuresOf.set(key, failures);
    else failuresOf.delete(key);
    stats.failures += failures.length;
    const well = failures.length === 0 && !again;
    // what was to come at once comes after the back-off when it did not go well: else a view that is behind has it repeated without a pause
    let next = Number.POSITIVE_INFINITY;
    for (const step of steps) if (step.do === "wake" && (well || step.at > now)) next = Math.min(next, step.at);
    if (next < Number.POSITIVE_INFINITY) queue.addAfter(key, next - now);
    if (!well) retry(key);
    else {
      queue.forget(key);
      // what the last round's failures made it say holds no more
      if (earlier.length > 0) queue.add(key);
    }
  }

  async function act(key: string, group: readonly Act[]): Promise<Outcome[]> {
    const [first] = group;
    if (first?.do === "create") return inGrowingBatches(key, group as readonly Create[]);
    if (first?.do === "delete") return inBatches(key, group as readonly Remove[]);
    if (first?.do === "event") recorder.event(first.about, first.type, first.reason, first.message);
    return first === undefined || first.do === "event" ? [] : [await carryOut(key, first)];
  }
  /** Upstream's slow start: 1, 2, 4 … at once, and none after a batch with a failure, so that a full quota is asked once, not a thousand times. */
  async function inGrowingBatches(key: string, steps: readonly Create[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (let at = 0, size = 1; at < steps.length; at += size, size *= 2) {
      const batch = await Promise.all(steps.slice(at, at + size).map(s => carryOut(key, s)));
      outcomes.push(...batch);
      if (!running || batch.some(o => o.is !== "done")) break;
    }
    return outcomes;
  }
  async function inBatches(key: string, steps: readonly Remove[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (let at = 0; at < steps.length && running; at += DELETIONS)
      outcomes.push(...(await Promise.all(steps.slice(at, at + DELETIONS).map(s => carryOut(key, s)))));
    return outcomes;
  }

  async function carryOut(key: string, step: Write): Promise<Outcome> {
    const { kind } = step;
    const meta = step.object.metadata as { name?: string; generateName?: string; namespace?: string; uid?: string } | undefined;
    const namespace = meta?.namespace;
    let name = meta?.name ?? "";
    const noted = (error: string) =>
      reasons.add({
        at: clock.now(),
        loop: definition.name,
        intent: { kind: definition.keyedBy, ...splitKey(key) },
        did: step.do,
        target: { kind: kind.kind, namespace: namespace ?? "", name: name || `${meta?.generateName ?? ""}…` },
        because: step.because,
        error,
      });
    try {
      stats.writes++;
      const written = await send(key, step, name, namespace);
      if (written) {
        name = written.metadata.name ?? name;
        views.wrote(kind, written);
      } else if (meta?.uid) views.deleted(kind, meta.uid, name, namespace);
      noted("");
      announce(step.event, "done", name, "");
      return { is: "done" };
    } catch (error) {
      const reason = reasonOf(error);
      const message = error instanceof Error ? error.message : String(error);
      if (outcomeUnknown(error)) {
        inDoubt.set(key, [...(inDoubt.get(key) ?? []), { kind, namespace }]);
        log.warn("the outcome of a write is unknown", { key, kind: kind.kind, name, error: message });
        return { is: "again" };
      }
      if (reason === "NotFound" && step.do !== "create") {
        // it is gone already; a loop that deletes has what it wants
        if (meta?.uid) views.deleted(kind, meta.uid, name, namespace);
        return { is: step.do === "delete" ? "done" : "again" };
      }
      if (reason === "Conflict") return { is: "again" };
      if (isTerminating(error)) return { is: "ignored" };
      noted(message);
      log.warn("a write was refused", { key, did: step.do, kind: kind.kind, name, error: message });
      if (reason === "AlreadyExists" && name) await takeOver(kind, name, namespace);
      announce(step.event, "failed", name, message);
      return { is: "failed", failure: { did: step.do, kind: kind.kind, reason, message } };
    }
  }
  function send(key: string, step: Write, name: string, namespace: string | undefined): Promise<KubeObject | undefined> {
    const { kind } = step;
    const cause = { loop: definition.name, intent: subjectId({ kind: definition.keyedBy, ...splitKey(key) }), because: step.because };
    const where = { cause, ...(namespace && { namespace }) };
    switch (step.do) {
      case "create":
        return client.create(kind, step.object, where);
      case "update":
        return client.update(kind, step.object, { ...where, ...(step.subresource && { subresource: step.subresource }) });
      case "patch":
        return client.patch(kind, name, step.type, step.patch, { ...where, ...(step.subresource && { subresource: step.subresource }) });
      case "delete": {
        const { uid } = step.object.metadata;
        return client.delete(kind, name, { ...where, ...step.options, ...(uid && { uid }) });
      }
    }
  }
  /** What stands in a creation's way is read live, so that the next decision sees it. */
  async function takeOver(kind: Kind, name: string, namespace: string | undefined): Promise<void> {
    try {
      views.wrote(kind, await client.get(kind, name, namespace));
    } catch (error) {
      if (reasonOf(error) !== "NotFound") throw error;
    }
  }
  function announce(event: OutcomeEvent | undefined, outcome: "done" | "failed", name: string, error: string): void {
    const said = event?.[outcome];
    if (!event || !said) return;
    const message = said.message.replaceAll(/\{(name|error)\}/g, (_, what) => (what === "name" ? name : error));
    recorder.event(event.about, said.type ?? (outcome === "done" ? "Normal" : "Warning"), said.reason, message);
  }

  return {
    name: definition.name,
    async start() {
      if (running) return;
      definition.prepare?.(views);
      const watched = definition.watches.map(w => ({ watch: w, view: w.metadataOnly ? views.metadata(w.kind) : views.of(w.kind) }));
      for (const { watch, view } of watched) {
        if (!watch.keysOf) continue;
        const end = view.onChange(({ object, old }) => {
          if (object && old && concernsNobody(watch, object, old)) return;
          if (old) for (const key of watch.keysOf!(old, views, !object)) enqueue(key, watch.delay);
          if (object) for (const key of watch.keysOf!(object, views, false)) enqueue(key, watch.delay);
        });
        endings.push(end);
      }
      await Promise.all(watched.map(w => w.view.ready()));
      ending = new AbortController();
      running = true;
      since = clock.now();
      pump();
    },
    async stop() {
      running = false;
      ending.abort();
      for (const end of endings.splice(0)) end();
      queue.clear();
      if (queue.working > 0) await new Promise<void>(resolve => drained.push(resolve));
    },
    stats: () => ({ ...stats, depth: queue.depth, working: queue.working }),
    get idle() {
      return queue.depth === 0 && queue.working === 0;
    },
    wake: key => queue.add(key),
  };
}

const NOTHING: readonly never[] = [];

/** Runs of creations of one kind, runs of deletions, and everything else by itself, but for wakes; in the order of the steps. */
function groups(steps: readonly Step[]): Act[][] {
  const out: Act[][] = [];
  for (const step of steps) {
    if (step.do === "wake") continue;
    const last = out.at(-1);
    const [head] = last ?? [];
    const joins =
      last && head?.do === step.do && (step.do === "delete" || (step.do === "create" && head.do === "create" && head.kind === step.kind));
    if (joins) last.push(step);
    else out.push([step]);
  }
  return out;
}
/** Nothing can be created in a namespace that is being deleted; that ends by itself. */
function isTerminating(error: unknown): boolean {
  return error instanceof StatusError && (error.status.details?.causes?.some(c => c.reason === "NamespaceTerminating") ?? false);
}

/** Whether a change is none to this watch. */
function concernsNobody({ metadataOnly, reads }: Watch, object: KubeObject, old: KubeObject): boolean {
  if (metadataOnly) return sameMetadata(object, old);
  return reads !== undefined && old.metadata.uid === object.metadata.uid && equal(reads(object), reads(old));
}
function sameMetadata({ metadata: a }: KubeObject, { metadata: b }: KubeObject): boolean {
  const [is, was] = [a, b] as unknown as Readonly<Record<string, unknown>>[];
  for (const field in is) if (is[field] !== was![field] && !OWN_STATE.has(field) && !equal(is[field], was![field])) return false;
  for (const field in was) if (!OWN_STATE.has(field) && was[field] !== undefined && is![field] === undefined) return false;
  return true;
}
const OWN_STATE = new Set(["resourceVersion", "generation"]);
