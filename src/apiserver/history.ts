/** GET of an object with `history`: what is kept of its changes, newest first; of those since `history=1h`, a time or a revision. */
import { changesOf, type FieldChange } from "#apiserver/changes.ts";
import { type Did, ifCompacted, type Note } from "#apiserver/journal.ts";
import { objectKey } from "#apiserver/keys.ts";
import { checkNamespace, revisionOfMoment } from "#apiserver/past.ts";
import { type FieldSet, isFieldSet, pathsOf } from "#apiserver/patch/fieldset.ts";
import { objectOf } from "#apiserver/record.ts";
import type { AnyObject } from "#apiserver/registry.ts";
import type { ResourceOptions, Target } from "#apiserver/resources.ts";
import { json } from "#apiserver/respond.ts";
import type { HttpResponse } from "#base/http.ts";
import { limits } from "#base/limits.ts";
import { notFound } from "#base/status.ts";
import { formatMicroTime, parseTime } from "#base/time.ts";
import { type Kind, resourceOf } from "#kinds/kind.ts";
import type { Entry, Key, Revision, Store } from "#store/contract.ts";

export interface HistoryItem {
  readonly revision: Revision;
  /** RFC 3339 with microseconds; absent where it is not known. */
  readonly time?: string;
  readonly did: Did;
  readonly user?: string;
  readonly impersonator?: string;
  /** The field manager, noted or found in managedFields. */
  readonly manager?: string;
  readonly subresource?: string;
  readonly because?: string;
  readonly changes: readonly FieldChange[];
}
export interface ObjectHistory {
  readonly kind: "ObjectHistory";
  readonly apiVersion: "coxswain/v1";
  readonly items: readonly HistoryItem[];
  /** The object's creation is among the items. */
  readonly complete: boolean;
}

export async function history(options: ResourceOptions, target: Target): Promise<HttpResponse> {
  const { call, kind, namespace } = target;
  const since = call.query.get("history") ?? "";
  const from = since === "" || since === "true" ? Math.max(1, options.store.compacted) : await revisionOfMoment(options, since, "history");
  if (namespace) await checkNamespace(options, target, from);
  const items: HistoryItem[] = [];
  let complete = false;
  for await (const step of stepsOf(options.store, objectKey(kind, namespace, call.info.name))) {
    if (step.revision <= from || items.length === limits.historyItems) break;
    const note = await options.journal.of(step.revision).catch(ifCompacted);
    items.push(itemOf(kind, step, note));
    complete = step.after !== undefined && step.before === undefined && !step.cut;
  }
  if (items.length === 0 && !(await options.store.get(objectKey(kind, namespace, call.info.name))))
    throw notFound(resourceOf(kind), call.info.name);
  const answer: ObjectHistory = { kind: "ObjectHistory", apiVersion: "coxswain/v1", items, complete };
  return json(answer);
}

interface Step {
  readonly revision: Revision;
  readonly before: Entry | undefined;
  /** Undefined: it was deleted. */
  readonly after: Entry | undefined;
  /** What was before is not kept any more. */
  readonly cut?: boolean;
}
/** Changes of one key back to its creation or to the oldest that is kept, newest first. A key that is gone ends with its deletion. */
async function* stepsOf(store: Store, key: Key): AsyncGenerator<Step, undefined> {
  let entry = await store.get(key);
  if (!entry) {
    const deletion = await deletionOf(store, key);
    if (deletion) yield deletion;
    entry = deletion?.before;
  }
  while (entry) {
    const after: Entry = entry;
    const { modRevision: revision, createRevision } = after;
    if (revision === createRevision) {
      yield { revision, before: undefined, after };
      return;
    }
    const before = await store.get(key, revision - 1).catch(ifCompacted);
    yield { revision, before, after, ...(!before && { cut: true }) };
    entry = before;
  }
}
async function deletionOf(store: Store, key: Key): Promise<Step | undefined> {
  const until = store.revision;
  const watch = store.watch(key, `${key}\0`, { after: Math.max(1, store.compacted), previous: true });
  watch.progress();
  let last: Step | undefined;
  for await (const { events, revision } of watch) {
    for (const { type, entry, previous } of events)
      if (type === "delete") last = { revision: entry.modRevision, before: previous, after: undefined };
    if (revision >= until) break;
  }
  return last;
}

function itemOf(kind: Kind, { revision, before, after, cut }: Step, note: Note | undefined): HistoryItem {
  const was = before && (objectOf(kind, before.value, before.modRevision) as AnyObject);
  const is = after && (objectOf(kind, after.value, after.modRevision) as AnyObject);
  const changes = was && is ? changesOf(was, is) : [];
  const did: Did = !is ? "delete" : was || cut ? "update" : "create";
  if (note) {
    const { user, impersonator, manager, subresource, cause } = note.author;
    return {
      revision,
      time: formatMicroTime(note.at),
      did,
      user,
      ...(impersonator && { impersonator }),
      ...(manager && { manager }),
      ...(subresource && { subresource }),
      ...(cause && { because: cause.because }),
      changes,
    };
  }
  const claimed = is && (did === "create" ? { time: is.metadata.creationTimestamp } : managerOf(is, changes));
  return { revision, did, ...claimed, changes };
}
/** Of the managers that have one of these fields, the one that wrote last. */
function managerOf({ metadata }: AnyObject, changes: readonly FieldChange[]): { manager?: string; time?: string } {
  const own = (metadata.managedFields ?? []).filter(({ fieldsV1 }) => {
    const fields: unknown = fieldsV1;
    if (!isFieldSet(fields)) return false;
    const paths = new Set(pathsOf(fields as FieldSet));
    return changes.some(c => paths.has(c.path));
  });
  const [last] = own.sort((a, b) => (parseTime(b.time ?? "") ?? 0) - (parseTime(a.time ?? "") ?? 0));
  return { ...(last?.manager && { manager: last.manager }), ...(last?.time && { time: last.time }) };
}
