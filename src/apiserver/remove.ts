/** Deletion: preconditions, grace, finalizers, propagation (apiserver/pkg/registry/rest/delete.go, generic/registry/store.go). */

import { objectKey } from "#apiserver/keys.ts";
import { FOREGROUND, ORPHAN } from "#apiserver/metadata.ts";
import { asIfRead, encodeRecord } from "#apiserver/record.ts";
import {
  type AnyObject,
  admission,
  admit,
  attempts,
  erase,
  put,
  type RegistryOptions,
  Stored,
  sideOf,
  storedOf,
  validateAdmission,
  type Write,
} from "#apiserver/registry.ts";
import { conflict, MODIFIED, notFound, type Status } from "#base/status.ts";
import { formatTime, parseTime } from "#base/time.ts";
import { type Kind, resourceOf } from "#kinds/kind.ts";
import type { DeleteOptions } from "#kinds/meta/v1/options.ts";
import type { Entry } from "#store/contract.ts";

export interface Removed {
  readonly stored: Stored;
  /** False while finalizers or grace keep the object. */
  readonly gone: boolean;
}

const isCore = (kind: Kind, plural: string) => kind.group === "" && kind.plural === plural;

function checkPreconditions(kind: Kind, object: AnyObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const r = { group: kind.group, resource: kind.kind };
  const meta = object.metadata;
  if (uid !== undefined && uid !== meta.uid)
    throw conflict(
      r,
      meta.name!,
      `the UID in the precondition (${uid}) does not match the UID in record (${meta.uid}). The object might have been deleted and then recreated`,
    );
  if (resourceVersion !== undefined && resourceVersion !== meta.resourceVersion)
    throw conflict(
      r,
      meta.name!,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${meta.resourceVersion}). The object might have been modified`,
    );
}

/** Sets the finalizers by which the garbage collector carries out the policy, or takes them off. */
function applyPropagation(kind: Kind, object: AnyObject, options: DeleteOptions): boolean {
  if (isCore(kind, "events") || kind.group === "events.k8s.io") return false;
  const had = object.metadata.finalizers ?? [];
  let policy: string;
  if (options.orphanDependents !== undefined) policy = options.orphanDependents ? "Orphan" : "Background";
  else if (options.propagationPolicy) policy = options.propagationPolicy;
  else if (had.includes(ORPHAN)) policy = "Orphan";
  else if (had.includes(FOREGROUND)) policy = "Foreground";
  else policy = kind.propagation;
  const want = had.filter(f => f !== ORPHAN && f !== FOREGROUND);
  if (policy === "Orphan") want.push(ORPHAN);
  if (policy === "Foreground") want.push(FOREGROUND);
  if (want.length === had.length && want.every(f => had.includes(f))) return false;
  if (want.length > 0) object.metadata.finalizers = want;
  else delete object.metadata.finalizers;
  return true;
}

/** Pods alone have grace; undefined when this one goes at once (pkg/registry/core/pod/strategy.go). */
function graceOf(kind: Kind, object: AnyObject, options: DeleteOptions): number | undefined {
  if (!isCore(kind, "pods")) return undefined;
  const spec = object.spec as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined;
  const phase = (object.status as { phase?: string } | undefined)?.phase;
  let period = options.gracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 0;
  if (!spec?.nodeName || phase === "Failed" || phase === "Succeeded") period = 0;
  return period < 0 ? 1 : period;
}

type Grace = "graceful" | "pending" | "none";
/** Marks a pod as going within its grace. */
function applyGrace(kind: Kind, object: AnyObject, options: DeleteOptions, now: number): Grace {
  const meta = object.metadata;
  const period = graceOf(kind, object, options);
  if (period === undefined) return "none";
  const asked =
    options.gracePeriodSeconds === undefined ? undefined : Math.max(options.gracePeriodSeconds, options.gracePeriodSeconds < 0 ? 1 : 0);
  if (meta.deletionTimestamp) {
    const left = meta.deletionGracePeriodSeconds ?? 0;
    if (left === 0) return "none";
    if (asked === undefined || asked >= left) return "pending";
    // The grace can only be shortened, and never into the past.
    let at = parseTime(meta.deletionTimestamp)! - left * 1000 + asked * 1000;
    let shortened = asked;
    if (at < now) {
      at = now;
      if (asked !== 0) shortened = 1;
    }
    meta.deletionTimestamp = formatTime(at);
    meta.deletionGracePeriodSeconds = shortened;
    return "graceful";
  }
  meta.deletionTimestamp = formatTime(now + period * 1000);
  meta.deletionGracePeriodSeconds = period;
  if (meta.generation) meta.generation++;
  return "graceful";
}
function markDeleted(object: AnyObject, now: number): void {
  const meta = object.metadata;
  if (!meta.deletionTimestamp && meta.generation) meta.generation++;
  if (!meta.deletionTimestamp || parseTime(meta.deletionTimestamp)! > now) meta.deletionTimestamp = formatTime(now);
  meta.deletionGracePeriodSeconds = 0;
}

/** A namespace first turns Terminating; it goes when its spec.finalizers are empty. */
function terminating(object: AnyObject, now: number): boolean {
  const spec = object.spec as { finalizers?: string[] } | undefined;
  if (object.metadata.deletionTimestamp) return (spec?.finalizers?.length ?? 0) > 0 || (object.metadata.finalizers?.length ?? 0) > 0;
  if (!spec?.finalizers?.length && !object.metadata.finalizers?.length) return false;
  object.metadata.deletionTimestamp = formatTime(now);
  object.status = { ...(object.status as object | undefined), phase: "Terminating" };
  return true;
}

/** Deletes an object, or begins to; answers with its last state. Throws NotFound, Conflict (preconditions), and what admission refuses. */
export async function remove(options: RegistryOptions, write: Write, how: DeleteOptions): Promise<Removed> {
  const { kind } = write;
  const key = objectKey(kind, write.namespace, write.name);
  return attempts<Removed>(
    async () => {
      const entry = await options.store.get(key);
      if (!entry) throw notFound(resourceOf(kind), write.name);
      return attempt(options, write, how, key, entry);
    },
    () => conflict(resourceOf(kind), write.name, MODIFIED),
  );
}

async function attempt(
  options: RegistryOptions,
  write: Write,
  how: DeleteOptions,
  key: string,
  entry: Entry,
): Promise<Removed | undefined> {
  const { kind } = write;
  const standing = storedOf(options, kind, entry);
  const old = standing.object;
  const object = standing.own();
  const request = admission(write, "DELETE", undefined, old);
  await admit(options, request);
  await validateAdmission(options, request);
  checkPreconditions(kind, object, how);
  const now = options.clock.now();
  const grace = applyGrace(kind, object, how, now);
  if (grace === "pending") return { stored: standing, gone: false };
  applyPropagation(kind, object, how);
  const held = (object.metadata.finalizers?.length ?? 0) > 0;
  let stays = isCore(kind, "namespaces") && terminating(object, now);
  if (!stays && grace === "none" && held) markDeleted(object, now);
  stays ||= held || (grace === "graceful" && (object.metadata.deletionGracePeriodSeconds ?? 0) > 0);
  if (write.dryRun) return { stored: new Stored(kind, encodeRecord(kind, object), entry.modRevision), gone: !stays };
  if (stays) {
    const stored = await put(options, write, key, object, entry, { compare: [], ops: [] });
    return stored && { stored, gone: false };
  }
  const revision = await erase(options, write, key, entry, await sideOf(options, write, key, undefined, old));
  if (revision === undefined) return undefined;
  const last = asIfRead(kind, object, revision);
  return { stored: new Stored(kind, last ? undefined : encodeRecord(kind, object), revision, last), gone: true };
}

/** What DELETE answers for kinds that do not return the object. */
export function deletionStatus(kind: Kind, object: AnyObject): Status {
  const { name, uid } = object.metadata;
  const details = { name, ...(kind.group && { group: kind.group }), kind: kind.plural, uid };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}
