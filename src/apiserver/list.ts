/** LIST: chunks at one revision, streamed when they are large. */

import { decodeContinue, encodeContinue, LATEST } from "#apiserver/continue.ts";
import { rangeOf } from "#apiserver/keys.ts";
import { type ListQuery, tooLargeVersion } from "#apiserver/listoptions.ts";
import { CONTENT_TYPE, type Form } from "#apiserver/negotiate.ts";
import { itemParts } from "#apiserver/record.ts";
import { type AnyObject, type RegistryOptions, type Stored, storedOf } from "#apiserver/registry.ts";
import { asValue, checkShape, encode } from "#apiserver/render.ts";
import { bytes } from "#apiserver/respond.ts";
import type { Choice } from "#apiserver/select.ts";
import { type Include, partialOf, rowOf, tableOf } from "#apiserver/table.ts";
import { concat, utf8 } from "#base/bytes.ts";
import type { HttpResponse } from "#base/http.ts";
import { freeze } from "#base/plain.ts";
import { expired, type StatusError } from "#base/status.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import { Compacted, FutureRevision, type Key, type Revision } from "#store/contract.ts";

/** Entries read at a time; the loop is free in between. */
const PAGE = 500;
/** Up to this many bytes an answer is sent in one piece. */
const WHOLE = 256 * 1024;
const CHUNK = 64 * 1024;

const OLD_LIST = "The resourceVersion for the provided list is too old.";
const OLD_TOKEN =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

interface Plan {
  readonly kind: Kind;
  readonly prefix: Key;
  readonly from: Key;
  readonly to: Key;
  /** undefined: the newest. */
  readonly revision: Revision | undefined;
  readonly limit: number;
  readonly choice: Choice;
  /** The list is one of the past: its tokens last as long as the store keeps the revision. */
  readonly retained: boolean;
}
function planOf(options: RegistryOptions, kind: Kind, namespace: string, query: ListQuery, choice: Choice): Plan {
  const { from: prefix, to } = rangeOf(kind, namespace);
  const { horizon } = options.journal;
  const plan = { kind, prefix, to, limit: query.limit, choice };
  if (query.continue) {
    const { from, revision, retained } = decodeContinue(query.continue, prefix);
    const on = { ...plan, from, revision: revision === LATEST ? undefined : revision, retained };
    if (revision !== LATEST && revision < horizon && !retained) throw readError(new Compacted(horizon), on, query, options.store.revision);
    return on;
  }
  const asked = query.resourceVersion ?? 0;
  if (asked > options.store.revision) throw tooLargeVersion(asked, options.store.revision);
  const exact = query.match === "Exact" || (query.match === "" && asked > 0 && query.limit > 0);
  const past = asked < horizon;
  if (exact && past && query.match !== "Exact") throw expired(OLD_LIST);
  return { ...plan, from: prefix, revision: exact ? asked : undefined, retained: exact && past };
}

export interface Listed {
  readonly revision: Revision;
  readonly continue: string;
  readonly remaining: number | undefined;
}

/** The objects of a list, page by page; the generator's result is what the list's metadata says. */
async function* pages(options: RegistryOptions, plan: Plan): AsyncGenerator<readonly Stored[], Listed> {
  const { store } = options;
  let from = plan.from;
  let revision = plan.revision;
  let found = 0;
  for (;;) {
    const wanted = plan.limit > 0 ? plan.limit - found : Number.POSITIVE_INFINITY;
    const limit = plan.choice.all ? Math.min(PAGE, wanted) : PAGE;
    const read = await store.range(from, plan.to, { limit, ...(revision !== undefined && { revision }) });
    revision ??= read.revision;
    const out: Stored[] = [];
    let last: Key | undefined;
    for (const e of read.entries) {
      const stored = storedOf(options, plan.kind, e);
      last = e.key;
      if (!plan.choice.all && !plan.choice.matches(stored.object)) continue;
      out.push(stored);
      if (plan.limit > 0 && ++found === plan.limit) break;
    }
    const rest = last !== undefined && (read.more || last !== read.entries[read.entries.length - 1]!.key);
    const full = plan.limit > 0 && found === plan.limit;
    if (out.length > 0) yield out;
    if (rest && full) {
      const remaining = plan.choice.all ? read.count - read.entries.length : undefined;
      return { revision, continue: encodeContinue(`${last}\0`, plan.prefix, revision, plan.retained), remaining };
    }
    if (!rest) return { revision, continue: "", remaining: undefined };
    from = `${last}\0`;
  }
}

/** The 410s and 504 that reading at a revision may end in. */
function readError(error: unknown, plan: Plan, query: ListQuery, current: Revision): StatusError | unknown {
  if (error instanceof FutureRevision) return tooLargeVersion(plan.revision ?? 0, current);
  if (!(error instanceof Compacted)) return error;
  if (!query.continue) return expired(OLD_LIST);
  const gone = expired(OLD_TOKEN);
  gone.status.metadata.continue = encodeContinue(plan.from, plan.prefix, LATEST);
  return gone;
}

/** What a list names, page by page, without an answer around it; its end is what the list's metadata says. */
export async function* walk(
  options: RegistryOptions,
  kind: Kind,
  namespace: string,
  query: ListQuery,
  choice: Choice,
): AsyncGenerator<readonly Stored[], Listed> {
  const plan = planOf(options, kind, namespace, query, choice);
  try {
    return yield* pages(options, plan);
  } catch (error) {
    throw readError(error, plan, query, options.store.revision);
  }
}
/** All of it at once: for deletecollection, and for answers that are not made piece by piece. */
export async function collect(...what: Parameters<typeof walk>): Promise<{ items: Stored[]; listed: Listed }> {
  const items: Stored[] = [];
  const steps = walk(...what);
  for (;;) {
    const step = await steps.next();
    if (step.done) return { items, listed: step.value };
    for (const s of step.value) items.push(s);
  }
}

const metaOf = (l: Listed) => ({
  resourceVersion: String(l.revision),
  ...(l.continue && { continue: l.continue }),
  ...(l.remaining !== undefined && { remainingItemCount: l.remaining }),
});

/** The pieces of a list's JSON. Its metadata comes last, when it is known. */
async function* jsonOf(
  plan: Plan,
  steps: AsyncGenerator<readonly Stored[], Listed>,
  first: IteratorResult<readonly Stored[], Listed>,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [utf8(`{"kind":"${plan.kind.kind}List","apiVersion":"${apiVersionOf(plan.kind)}","items":[`)];
  let size = 0;
  let comma = false;
  let step = first;
  for (; !step.done; step = await steps.next()) {
    for (const s of step.value) {
      const [a, b, c] = itemParts(s.kind, s.record, s.revision);
      parts.push(comma ? SEPARATOR : OPEN, a, b, c);
      comma = true;
      size += a.length + c.length;
      if (size < CHUNK) continue;
      yield concat(parts);
      parts = [];
      size = 0;
    }
  }
  parts.push(utf8(`],"metadata":${JSON.stringify(metaOf(step.value))}}\n`));
  yield concat(parts);
}
const OPEN = utf8("{");
const SEPARATOR = utf8(",{");

/** Answers a LIST. */
export async function list(
  options: RegistryOptions,
  kind: Kind,
  namespace: string,
  query: ListQuery,
  choice: Choice,
  form: Form,
  include: Include,
): Promise<HttpResponse> {
  checkShape(form, true);
  const plan = planOf(options, kind, namespace, query, choice);
  const type = CONTENT_TYPE[form.media];
  if (form.media !== "json" || form.as || form.pretty || form.asValue) {
    const { items, listed } = await collect(options, kind, namespace, query, choice);
    const objects = items.map(i => i.object);
    const value = listValue(form, kind, objects, metaOf(listed), include, options.clock.now());
    return form.asValue ? asValue(freeze(value)) : bytes(encode(form, kind, value), type);
  }
  const steps = pages(options, plan);
  let first: IteratorResult<readonly Stored[], Listed>;
  try {
    first = await steps.next();
  } catch (error) {
    throw readError(error, plan, query, options.store.revision);
  }
  const pieces = jsonOf(plan, steps, first);
  const head: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const piece = await pieces.next();
    if (piece.done) return bytes(concat(head), type);
    head.push(piece.value);
    size += piece.value.length;
    if (size > WHOLE) break;
  }
  return { status: 200, headers: { "content-type": type }, body: followed(head, pieces) };
}
async function* followed(head: readonly Uint8Array[], rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* head;
  yield* rest;
}

function listValue(form: Form, kind: Kind, objects: readonly AnyObject[], metadata: object, include: Include, now: number): object {
  if (form.as === "Table")
    return tableOf(
      kind,
      form.version,
      metadata,
      objects.map(o => rowOf(kind, o, include, form.version, now)),
    );
  if (form.as) {
    const items = objects.map(o => partialOf(o, form.version));
    return { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${form.version}`, metadata, items };
  }
  // who takes values takes the objects themselves
  const items = form.asValue ? objects : objects.map(({ kind: _k, apiVersion: _v, ...rest }) => rest);
  return { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata, items };
}
