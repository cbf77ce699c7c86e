/**
 * The managedFields of a write that changes nothing but what its writer manages already, alone: of all entries only the writer's time is
 * new. Most writes are of that kind, and no set needs to be made for them.
 */
import { coversPath, type FieldSet, hasPath, isEmpty } from "#apiserver/patch/fieldset.ts";
import { modified } from "#apiserver/patch/modified.ts";
import {
  inOrder,
  isReset,
  type ManagedEntry,
  type ManagedKind,
  type ManagedObject,
  STRIPPED,
  setIn,
  type Writer,
} from "#apiserver/patch/shares.ts";
import { limits } from "#base/limits.ts";
import { freeze } from "#base/plain.ts";
import { formatTime } from "#base/time.ts";
import { apiVersionOf } from "#kinds/kind.ts";

/** Undefined: there may be more to it, and `manage` must look closely. */
export function renewed(kind: ManagedKind, live: ManagedObject, next: ManagedObject, writer: Writer): ManagedEntry[] | undefined {
  const given = writer.subresource === "" ? next.metadata.managedFields : undefined;
  const entries = given ?? live.metadata.managedFields;
  if (!entries || isReset(entries) || entries.length > limits.updateManagers) return undefined;
  const manager = writer.manager || "unknown";
  const apiVersion = apiVersionOf(kind);
  let own: ManagedEntry | undefined;
  const others: FieldSet[] = [];
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]!;
    const set = setIn(entry);
    if (!set || isEmpty(set) || !isWhole(entry)) return undefined;
    for (let j = 0; j < i; j++) if (isAlike(entries[j]!, entry)) return undefined;
    if (entry.manager === manager && isThrough(entry, writer.subresource) && entry.apiVersion === apiVersion) own = entry;
    else others.push(set);
  }
  if (!own) return undefined;
  const set = own.fieldsV1 as FieldSet;
  let changes = false;
  const plain = modified(kind.schema, live, next, path => {
    if (writer.reset && coversPath(writer.reset, path)) return true;
    for (let i = 0; i < others.length; i++) if (hasPath(others[i]!, path)) return false;
    if (hasPath(STRIPPED, path)) return true;
    changes = true;
    return hasPath(set, path);
  });
  if (!plain) return undefined;
  const time = formatTime(writer.now);
  return inOrder(entries.map(entry => (entry === own && changes ? { ...entry, time, fieldsV1: freeze(set) } : entry)));
}
/** Whether an entry has the fields that it would be written with anew. */
const isWhole = ({ manager, time, subresource }: ManagedEntry) => manager !== "" && time !== undefined && subresource !== "";
const isThrough = (entry: ManagedEntry, subresource: string) => entry.operation === "Update" && (entry.subresource ?? "") === subresource;
/** Whether two entries are of one manager, be it in two versions. */
const isAlike = (a: ManagedEntry, b: ManagedEntry) =>
  a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource;
