/** LIST: chunks at one revision, streamed when they are large. */

import { decodeContinue, encodeContinue, LATEST } from "#apiserver/continue.ts";
import { objectKey, rangeOf } from "#apiserver/keys.ts";
import { type ListQuery, tooLargeVersion } from "#apiserver/listoptions.ts";
import { CONTENT_TYPE, type Form } from "#apiserver/negotiate.ts";
import { Gathering, type Pieces, piecesOf, type Shape, shapeOf } from "#apiserver/pieces.ts";
import { protobufList } from "#apiserver/protobuflist.ts";
import { type RegistryOptions, type Stored, storedOf } from "#apiserver/registry.ts";
import { asValue, checkShape } from "#apiserver/render.ts";
import { bytes } from "#apiserver/respond.ts";
import type { Choice } from "#apiserver/select.ts";
import type { Include } from "#apiserver/table.ts";
import { concat } from "#base/bytes.ts";
import type { HttpResponse } from "#base/http.ts";
import { freeze } from "#base/plain.ts";
import { expired, notAcceptable, type StatusError } from "#base/status.ts";
import type { Kind } from "#kinds/kind.ts";
import { Compacted, FutureRevision, type Key, type Revision } from "#store/contract.ts";

/** Entries read at a time; the loop is free in between. */
const PAGE = 500;
/** Up to this many bytes an answer is sent in one piece. */
const WHOLE = 256 * 1024;

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

/** A list's text, piece by piece. Its metadata comes last, when it is known. */
async function* textOf(pieces: Pieces, steps: AsyncGenerator<readonly Stored[], Listed>): AsyncGenerator<Uint8Array> {
  const out = new Gathering();
  out.add(pieces.open);
  let empty = true;
  let step = await steps.next();
  for (; !step.done; step = await steps.next()) {
    for (const s of step.value) {
      out.add(...pieces.item(s, empty));
      empty = false;
      if (out.full) yield out.take();
    }
  }
  out.add(pieces.close(metaOf(step.value), empty));
  yield out.take();
}

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
  const shape = shapeOf(form, kind, include, options.clock.now());
  if (form.asValue) {
    const { items, listed } = await collect(options, kind, namespace, query, choice);
    // who takes values takes the objects themselves
    const values = items.map(({ object }) => (form.as ? shape.item(object) : object));
    return asValue(freeze({ ...shape.head, metadata: metaOf(listed), [shape.list]: values }));
  }
  const pieces = piecesOfList(options, plan, form, shape);
  const head: Uint8Array[] = [];
  try {
    for (let size = 0; size <= WHOLE; ) {
      const piece = await pieces.next();
      if (piece.done) return bytes(concat(head), type);
      head.push(piece.value);
      size += piece.value.length;
    }
  } catch (error) {
    throw readError(error, plan, query, options.store.revision);
  }
  return { status: 200, headers: { "content-type": type }, body: followed(head, pieces) };
}
function piecesOfList(options: RegistryOptions, plan: Plan, form: Form, shape: Shape): AsyncGenerator<Uint8Array> {
  const first = pages(options, plan);
  if (form.media !== "protobuf") return textOf(piecesOf(form, shape), first);
  if (form.as === "Table") throw notAcceptable([CONTENT_TYPE.json, CONTENT_TYPE.yaml]);
  const { kind, limit } = plan;
  const from = ({ object: { metadata } }: Stored, before: number, { revision }: Listed) => {
    const key = objectKey(kind, metadata.namespace ?? "", metadata.name ?? "");
    return pages(options, { ...plan, from: key, revision, limit: limit > 0 ? limit - before : 0 });
  };
  return protobufList(kind, shape, { first, from }, metaOf);
}
async function* followed(head: readonly Uint8Array[], rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* head;
  yield* rest;
}
