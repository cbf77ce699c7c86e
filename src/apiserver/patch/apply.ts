/**
 * Server-side apply (KEP-555): an object as one manager wants it is merged into the live one; fields it no longer names go, fields
 * that others manage differently are conflicts. After structured-merge-diff's `merge` package.
 */
import { difference, type FieldSet, intersection, isEmpty, LEAF, pathsOf, union, without } from "#apiserver/patch/fieldset.ts";
import { bare, disown, track } from "#apiserver/patch/managed.ts";
import {
  bySpelling,
  identityOf,
  type ManagedKind,
  type ManagedObject,
  readShares,
  type Share,
  stripped,
  type Writer,
  writeShares,
} from "#apiserver/patch/shares.ts";
import { checkTyped, compare, fieldSetOf, merge, removeItems, TypedError, withNamedFields } from "#apiserver/patch/typed.ts";
import { equal } from "#base/equal.ts";
import { parseJson } from "#base/json.ts";
import { badRequest, failure, internalError } from "#base/status.ts";
import { formatTime } from "#base/time.ts";
import { apiVersionOf } from "#kinds/kind.ts";
import { type Decoded, decodeKind, type KindSchema, zeroOf } from "#schema/decode.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

interface Conflict {
  readonly share: Share;
  readonly path: string;
}

/** How a conflict names a manager: appliers by name, updaters with the version they used. */
function managerText(share: Share): string {
  const name = JSON.stringify(share.manager) + (share.subresource ? ` with subresource ${JSON.stringify(share.subresource)}` : "");
  return share.applied ? name : `${name} using ${share.apiVersion}`;
}
function conflictError(conflicts: readonly Conflict[]): Error {
  const causes = conflicts.map(c => ({ reason: "FieldManagerConflict", message: `conflict with ${managerText(c.share)}`, field: c.path }));
  if (conflicts.length === 1) {
    const { share, path } = conflicts[0]!;
    return failure(409, "Conflict", `Apply failed with 1 conflict: conflict with ${managerText(share)}: ${path}`, { causes });
  }
  const lines: string[] = [];
  for (const share of new Set(conflicts.map(c => c.share))) {
    lines.push(`conflicts with ${managerText(share)}:`);
    for (const c of conflicts) if (c.share === share) lines.push(`- ${c.path}`);
  }
  return failure(409, "Conflict", `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`, { causes });
}

const described = (kind: ManagedKind, object: ManagedObject) =>
  `${object.metadata?.namespace ?? ""}/${object.metadata?.name ?? ""}; ${kind.group}/${kind.version}, Kind=${kind.kind}`;

/** Takes away what the manager applied before and names no more, unless someone else manages it. */
function prune(kind: ManagedKind, merged: unknown, last: Share | undefined, shares: ReadonlyMap<string, Share>): unknown {
  if (!last || isEmpty(last.set)) return merged;
  const type = kind.schema;
  const full = (set: FieldSet) => withNamedFields(type, set);
  const lastSet = full(last.set);
  let pruned = removeItems(type, merged, lastSet);
  const mergedSet = full(fieldSetOf(type, merged));
  let managed = LEAF;
  for (const share of shares.values()) managed = union(managed, share.set);
  const kept = union(full(fieldSetOf(type, pruned)), full(managed));
  pruned = removeItems(type, merged, difference(mergedSet, kept));
  const gone = difference(mergedSet, full(fieldSetOf(type, pruned)));
  return removeItems(type, merged, intersection(gone, lastSet));
}

/** Fields that client-side `kubectl apply` set and nobody changed since: server-side `kubectl apply` may take them over. */
function takenOver(kind: ManagedKind, live: ManagedObject): FieldSet {
  const text = live.metadata.annotations?.[LAST_APPLIED];
  if (!text) return LEAF;
  try {
    const last = parseJson(text).value;
    checkTyped(kind.schema, last);
    const changes = compare(kind.schema, last, live);
    return difference(difference(difference(fieldSetOf(kind.schema, last), changes.modified), changes.added), changes.removed);
  } catch {
    return LEAF;
  }
}

function conflictsOf(shares: ReadonlyMap<string, Share>, own: string, changed: FieldSet, allowed: FieldSet): Conflict[] {
  const out: Conflict[] = [];
  for (const [id, share] of [...shares].sort(([, a], [, b]) => bySpelling(a, b))) {
    if (id === own) continue;
    for (const path of pathsOf(difference(intersection(share.set, changed), allowed))) out.push({ share, path });
  }
  return out;
}

export interface Applied<T> extends Decoded<T> {
  /** False when nothing but managedFields may have changed. */
  readonly changed: boolean;
}

/**
 * Applies `config` (parsed JSON or YAML, as sent) to the live object, or creates it. Throws Status errors: 400 for a wrong version or
 * managedFields in the body, 409 with all conflicts unless `force`, 500 for fields that the schema does not know (as upstream does).
 * The result is decoded but not yet defaulted, and carries its managedFields.
 */
export function apply<T extends ManagedObject>(
  kind: KindSchema<T> & ManagedKind,
  live: T | undefined,
  config: Record<string, unknown>,
  writer: Writer,
  force: boolean,
): Applied<T> {
  const apiVersion = apiVersionOf(kind);
  const asked = config as unknown as ManagedObject & { apiVersion?: string; kind?: string };
  if (asked.kind !== kind.kind || (asked.apiVersion ?? "").split("/").slice(0, -1).join("/") !== kind.group)
    throw badRequest(
      `invalid object type: ${asked.apiVersion?.includes("/") ? asked.apiVersion : `/${asked.apiVersion ?? ""}`}, Kind=${asked.kind ?? ""}`,
    );
  if (asked.apiVersion !== apiVersion)
    throw badRequest(`Incorrect version specified in apply patch. Specified patch version: ${asked.apiVersion}, expected: ${apiVersion}`);
  if (asked.metadata?.managedFields != null) throw badRequest("metadata.managedFields must be nil");
  try {
    checkTyped(kind.schema, config);
  } catch (e) {
    if (e instanceof TypedError) throw failure(500, "", `failed to create typed patch object (${described(kind, asked)}): ${e.message}`);
    throw e;
  }

  const base = live ? bare(live) : zeroOf(kind.schema);
  const shares = readShares(live?.metadata.managedFields);
  if (!shares) throw internalError("failed to decode managed fields");
  if (live && shares.size === 0)
    track(shares, kind, zeroOf(kind.schema), base, {
      manager: "before-first-apply",
      subresource: writer.subresource,
      now: writer.now,
      ...(writer.reset && { reset: writer.reset }),
    });

  const keep = (set: FieldSet) => (writer.reset ? without(set, writer.reset) : set);
  const own: Share = {
    manager: writer.manager || "unknown",
    applied: true,
    apiVersion,
    subresource: writer.subresource,
    time: undefined,
    set: keep(fieldSetOf(kind.schema, config)),
  };
  const id = identityOf(own);
  const last = shares.get(id);
  own.time = last?.time;
  shares.set(id, own);

  const merged = prune(kind, merge(kind.schema, base, config), last, shares);
  const changes = compare(kind.schema, base, merged);
  const changed = union(keep(changes.modified), keep(changes.added));
  if (!force) {
    const allowed = writer.manager === "kubectl" && live ? takenOver(kind, base as T) : LEAF;
    const conflicts = conflictsOf(shares, id, changed, allowed);
    if (conflicts.length > 0) throw conflictError(conflicts);
  }
  disown(shares, changed, keep(changes.removed), id);

  const differs = !equal(base, merged);
  own.set = stripped(own.set);
  if (isEmpty(own.set)) shares.delete(id);
  else if (differs) own.time = formatTime(writer.now);

  const decoded = decodeKind(kind, { value: merged });
  const object = decoded.value;
  if (writer.manager === "kubectl" && object.metadata.annotations?.[LAST_APPLIED])
    object.metadata = { ...object.metadata, annotations: { ...object.metadata.annotations, [LAST_APPLIED]: lastApplied(config) } };
  const managedFields = writeShares(shares);
  if (managedFields) object.metadata = { ...object.metadata, managedFields };
  return { value: object, strict: decoded.strict, changed: differs };
}

function lastApplied(config: Record<string, unknown>): string {
  const metadata = config.metadata as { annotations?: Record<string, string> } | undefined;
  if (!metadata?.annotations?.[LAST_APPLIED]) return `${JSON.stringify(config)}\n`;
  const { [LAST_APPLIED]: _, ...annotations } = metadata.annotations;
  return `${JSON.stringify({ ...config, metadata: { ...metadata, annotations } })}\n`;
}
