/** managedFields as they stand in an object, entry by entry, and as shares of managers to be worked on. */
import { difference, type FieldSet, isFieldSet, setOf } from "#apiserver/patch/fieldset.ts";
import { freeze } from "#base/plain.ts";
import { parseTime } from "#base/time.ts";
import type { ObjectNode } from "#schema/notation.ts";

/** A managedFields entry; one whose fields all are missing resets the list. */
export interface ManagedEntry {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  time?: string;
  fieldsType?: string;
  fieldsV1?: Record<string, unknown>;
  subresource?: string;
}
/** An object as far as this room looks at it. */
export interface ManagedObject {
  metadata: { uid?: string; name?: string; namespace?: string; annotations?: Record<string, string>; managedFields?: ManagedEntry[] };
}
/** What must be known of a kind. */
export interface ManagedKind {
  readonly schema: ObjectNode;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}
/** Who writes, when, and through which door. */
export interface Writer {
  /** The fieldManager parameter, or what stands for it; "" becomes "unknown". */
  readonly manager: string;
  /** "" for the object itself, else "status", "scale" and the like. */
  readonly subresource: string;
  /** Milliseconds. */
  readonly now: number;
  /** Fields that this door never writes (the object's status on the main door, its spec on /status): they are not tracked. */
  readonly reset?: FieldSet | undefined;
}

/** One manager's share while it is worked on. */
export interface Share {
  readonly manager: string;
  readonly applied: boolean;
  readonly apiVersion: string;
  readonly subresource: string;
  time: string | undefined;
  set: FieldSet;
}

/** Fields that nobody manages. */
export const STRIPPED = setOf(
  ["apiVersion"],
  ["kind"],
  ["metadata"],
  ["metadata", "name"],
  ["metadata", "namespace"],
  ["metadata", "creationTimestamp"],
  ["metadata", "selfLink"],
  ["metadata", "uid"],
  ["metadata", "clusterName"],
  ["metadata", "generation"],
  ["metadata", "managedFields"],
  ["metadata", "resourceVersion"],
);
export const stripped = (set: FieldSet): FieldSet => difference(set, STRIPPED);

/** What identifies a share: appliers are the same manager across versions, updaters are not. */
export function identityOf({ manager, applied, apiVersion, subresource }: Identified): string {
  return applied ? `Apply\n${subresource}\n\n${manager}` : `Update\n${subresource}\n${apiVersion}\n${manager}`;
}
type Identified = Pick<Share, "manager" | "applied" | "apiVersion" | "subresource">;
/** The order of identities as upstream spells them. */
export const bySpelling = (a: Identified, b: Identified): number => order(spelled(a), spelled(b));
const spelled = ({ manager, applied, apiVersion, subresource }: Identified) =>
  JSON.stringify([manager, applied ? "Apply" : "Update", applied ? "" : apiVersion, subresource]);

/** Reads managedFields; undefined when they are malformed. */
export function readShares(entries: readonly ManagedEntry[] | undefined | null): Map<string, Share> | undefined {
  const out = new Map<string, Share>();
  for (const e of entries ?? []) {
    const set = setIn(e);
    if (!set) return undefined;
    const share: Share = {
      manager: e.manager ?? "",
      applied: e.operation === "Apply",
      apiVersion: e.apiVersion!,
      subresource: e.subresource ?? "",
      time: e.time,
      set,
    };
    out.set(identityOf(share), share);
  }
  return out;
}
/** The set of an entry; undefined when the entry is malformed. */
export function setIn({ operation, apiVersion, fieldsType, fieldsV1 }: ManagedEntry): FieldSet | undefined {
  if ((operation !== "Apply" && operation !== "Update") || !apiVersion || fieldsType !== "FieldsV1") return undefined;
  const set: unknown = fieldsV1 ?? {};
  if (checked.has(set as FieldSet)) return set as FieldSet;
  if (!isFieldSet(set)) return undefined;
  checked.add(set);
  return set;
}
/** Sets known to be well-formed: the same ones are read again and again. */
const checked = new WeakSet<FieldSet>();

export const seconds = (time: string | undefined) => (time === undefined ? 0 : Math.floor((parseTime(time) ?? 0) / 1000));
const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Writes managedFields, in upstream's order. */
export function writeShares(shares: ReadonlyMap<string, Share>): ManagedEntry[] | undefined {
  if (shares.size === 0) return undefined;
  return inOrder(Array.from(shares.values(), entryOf));
}
/** Sorts entries as upstream does, in place. */
export function inOrder(entries: ManagedEntry[]): ManagedEntry[] {
  if (entries.length < 2) return entries;
  return entries.sort(
    (a, b) =>
      Number(b.operation === "Apply") - Number(a.operation === "Apply") ||
      (a.time === b.time ? 0 : seconds(a.time) - seconds(b.time)) ||
      order(a.manager ?? "", b.manager ?? "") ||
      order(a.apiVersion!, b.apiVersion!) ||
      order(a.subresource ?? "", b.subresource ?? ""),
  );
}
function entryOf({ manager, applied, apiVersion, time, set, subresource }: Share): ManagedEntry {
  const entry: ManagedEntry = {};
  if (manager) entry.manager = manager;
  entry.operation = applied ? "Apply" : "Update";
  entry.apiVersion = apiVersion;
  if (time !== undefined) entry.time = time;
  entry.fieldsType = "FieldsV1";
  entry.fieldsV1 = freeze(set);
  if (subresource) entry.subresource = subresource;
  checked.add(set);
  return entry;
}

/** Whether this is the one empty entry by which a client resets the list. */
export function isReset(entries: readonly ManagedEntry[] | undefined | null): boolean {
  if (!entries || entries.length > 1) return false;
  const only = entries[0] as (ManagedEntry & Readonly<Record<string, unknown>>) | undefined;
  for (const field in only) if (only![field] !== undefined) return false;
  return true;
}
