/**
 * Reading the past: `resourceVersionMatch=Exact` at any revision that the store retains, also of single objects, and `at=10m`, which
 * names the revision by an age, a time, itself or `oldest`. Who may read an object may read what it was; but who has rights in one
 * namespace only does not see what stood under its name before it was made.
 */
import { attributesOf, refusal } from "#apiserver/auth/forbidden.ts";
import { decodeContinue } from "#apiserver/continue.ts";
import { objectKey, rangeOf } from "#apiserver/keys.ts";
import { type ListQuery, revisionOf, tooLargeVersion } from "#apiserver/listoptions.ts";
import { findAt, type RegistryOptions, type Stored } from "#apiserver/registry.ts";
import type { ResourceOptions, Target } from "#apiserver/resources.ts";
import type { Soon } from "#base/soon.ts";
import { badRequest, expired, notFound, type StatusError } from "#base/status.ts";
import { formatTime, parseDuration, parseTime } from "#base/time.ts";
import { Namespace } from "#kinds/core/v1/namespace.ts";
import { resourceOf } from "#kinds/kind.ts";
import { Compacted, FutureRevision, type Revision } from "#store/contract.ts";

/** The moment from which on the past is kept. */
const OLDEST = "oldest";

/** A point in the past as a client names it. Throws BadRequest. */
export function momentOf(text: string, now: number, field = "at"): { readonly revision: Revision } | { readonly time: number } {
  if (/^\d+$/.test(text)) return { revision: Number(text) };
  const age = parseDuration(text);
  const time = "ms" in age ? now - age.ms : parseTime(text);
  if (time === undefined)
    throw badRequest(`${field}: ${JSON.stringify(text)} is neither an age (10m), a time (2026-01-02T15:04:05Z) nor a revision`);
  if (time > now) throw badRequest(`${field}: ${JSON.stringify(text)} lies in the future`);
  return { time };
}
/** The revision of a moment; throws Expired when it is not kept any more. */
export async function revisionOfMoment({ journal, store, clock }: RegistryOptions, text: string, field?: string): Promise<Revision> {
  if (text === OLDEST) return (await journal.oldest()).revision;
  const moment = momentOf(text, clock.now(), field);
  const revision = "revision" in moment ? moment.revision : await journal.revisionAt(moment.time);
  if (revision !== undefined && revision > store.revision) throw tooLargeVersion(revision, store.revision);
  if (revision !== undefined && revision > 0 && revision >= store.compacted) return revision;
  throw await beforeAll({ journal }, "time" in moment ? formatTime(moment.time) : `revision ${text}`);
}
async function beforeAll({ journal }: Pick<RegistryOptions, "journal">, what: string): Promise<StatusError> {
  const { revision, at } = await journal.oldest();
  const since = at === undefined ? "" : `${formatTime(at)}, `;
  return expired(`the past is kept from ${since}revision ${revision} on, and ${what} lies before it`);
}

/** The revision that the query of a GET names; undefined: the newest. */
function asked(options: RegistryOptions, query: URLSearchParams): Soon<Revision | undefined> {
  if (query.size === 0) return undefined;
  const at = query.get("at");
  const exact = query.get("resourceVersionMatch") === "Exact";
  if (at) {
    if (query.get("resourceVersion")) throw badRequest("at and resourceVersion exclude one another");
    return revisionOfMoment(options, at);
  }
  const revision = exact ? revisionOf(query.get("resourceVersion")) : undefined;
  if (exact && !revision) throw badRequest("resourceVersionMatch=Exact needs the resourceVersion to read at");
  return revision;
}

/** The object as the query wants it, of now or of then. Throws NotFound and Expired. */
export function getAsAsked(options: ResourceOptions, target: Target): Promise<Stored> {
  const { call, kind } = target;
  const revision = asked(options, call.query);
  return revision === undefined ? findAt(options, kind, call.key).then(found => there(found, target)) : getThen(options, target, revision);
}
function there(found: Stored | undefined, { call, kind }: Target): Stored {
  if (!found) throw notFound(resourceOf(kind), call.info.name);
  return found;
}
async function getThen(options: ResourceOptions, target: Target, named: Soon<Revision | undefined>): Promise<Stored> {
  const { call, kind } = target;
  const revision = await named;
  if (revision !== undefined) await checkNamespace(options, target, revision);
  try {
    return there(await findAt(options, kind, call.key, revision), target);
  } catch (error) {
    if (error instanceof FutureRevision) throw tooLargeVersion(revision ?? 0, options.store.revision);
    if (error instanceof Compacted) throw await beforeAll(options, `revision ${revision}`);
    throw error;
  }
}

/** A list's query with `at` as an exact revision, once it is clear that the sender may look so far back. */
export async function listAsAsked(options: ResourceOptions, target: Target, query: ListQuery): Promise<ListQuery> {
  const { call, kind, namespace } = target;
  const at = call.query.get("at");
  if (query.continue) {
    const { revision, retained } = decodeContinue(query.continue, rangeOf(kind, namespace).from);
    if (retained) await checkNamespace(options, target, revision);
    return query;
  }
  if (at) {
    if (query.resourceVersion !== undefined) throw badRequest("at and resourceVersion exclude one another");
    const resourceVersion = await revisionOfMoment(options, at);
    await checkNamespace(options, target, resourceVersion);
    return { ...query, resourceVersion, match: "Exact" };
  }
  const { resourceVersion = 0, match } = query;
  if (match === "Exact" && resourceVersion < options.journal.horizon) await checkNamespace(options, target, resourceVersion);
  return query;
}

/** Refuses to show a namespace's past from before it was made to who has no such right in every namespace. */
export async function checkNamespace(options: ResourceOptions, { call, namespace }: Target, revision: Revision): Promise<void> {
  if (!namespace) return;
  const now = await options.store.get(objectKey(Namespace, "", namespace));
  if (!now || now.createRevision <= revision) return;
  const attributes = attributesOf(call);
  const { decision } = await options.authorizer.authorize({ ...attributes, namespace: "" });
  if (decision !== "allow") throw refusal(attributes, `the namespace was made after revision ${revision}`);
}
