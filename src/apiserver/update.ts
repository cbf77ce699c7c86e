import { applyDefaults } from "#apiserver/codec.ts";
import { create } from "#apiserver/create.ts";
import { objectKey } from "#apiserver/keys.ts";
import { manageWrite, unchanged } from "#apiserver/manage.ts";
import { dedupeOwners, validateMetadata, validateMetadataUpdate } from "#apiserver/metadata.ts";
import { encodeRecord } from "#apiserver/record.ts";
import {
  type AnyObject,
  admission,
  admit,
  erase,
  put,
  type RegistryOptions,
  refuse,
  Stored,
  sideOf,
  storedOf,
  validateAdmission,
  type Write,
} from "#apiserver/registry.ts";
import { equalBut } from "#base/equal.ts";
import { Report, root } from "#base/fielderror.ts";
import { limits } from "#base/limits.ts";
import { copyPlain } from "#base/plain.ts";
import { conflict, MODIFIED, notFound, reasonOf } from "#base/status.ts";
import { resourceOf } from "#kinds/kind.ts";

/** The next state of an object, its own to change, from what stands (undefined: nothing). May throw; called anew in each attempt. */
export type Transform = (standing: Stored | undefined) => AnyObject;

export interface UpdateOptions {
  /** Create the object when it is missing (PUT of some kinds, and apply), once this has resolved: it asks for the right to create. */
  readonly creates?: () => Promise<void>;
  /** A patch takes the newest resourceVersion when it does not name one. */
  readonly unconditional: boolean;
}
export interface Updated {
  readonly stored: Stored;
  readonly created: boolean;
}

/** What is no part of the spec: generation counts changes of all else. */
const BUT_SPEC = new Set(["apiVersion", "kind", "metadata", "status"]);
function withSpecOf(object: AnyObject, old: AnyObject): AnyObject {
  const { apiVersion: _a, kind: _k, metadata: _m, status: _s, ...spec } = old as AnyObject & Record<string, unknown>;
  return {
    ...spec,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: object.metadata,
    ...(object.status !== undefined && { status: object.status }),
  };
}

/** Keeps what this write may not touch: status through the main resource, all but status and metadata through /status. */
function separate(write: Write, object: AnyObject, old: AnyObject): AnyObject {
  if (write.subresource === "status") return withSpecOf(object, old);
  if (write.kind.subresources.status && (write.subresource === "" || write.subresource === "finalize")) {
    if (old.status === undefined) delete object.status;
    else object.status = copyPlain(old.status);
  }
  return object;
}

function checkVersion(options: UpdateOptions, write: Write, key: string, object: AnyObject, old: AnyObject): void {
  const meta = object.metadata;
  const r = resourceOf(write.kind);
  if (meta.uid && meta.uid !== old.metadata.uid)
    throw conflict(
      r,
      write.name,
      `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${meta.uid}, UID in object meta: ${old.metadata.uid}`,
    );
  if (!meta.resourceVersion || meta.resourceVersion === "0") {
    if (write.kind.unconditionalUpdate || options.unconditional) return;
    const report = new Report();
    report.invalid(root.child("metadata", "resourceVersion"), 0, "must be specified for an update");
    refuse({ ...write.kind, kind: write.kind.plural }, write.name, report);
  }
  if (meta.resourceVersion !== old.metadata.resourceVersion) throw conflict(r, write.name, MODIFIED);
}

/** What an update can never change is taken from the old object. */
function keepSystemFields(write: Write, object: AnyObject, old: AnyObject): void {
  const meta = object.metadata;
  const was = old.metadata;
  if (meta.selfLink !== undefined) delete meta.selfLink;
  meta.uid ||= was.uid;
  meta.creationTimestamp = was.creationTimestamp;
  if (was.generation !== undefined) meta.generation = was.generation;
  else if (meta.generation !== undefined) delete meta.generation;
  if (was.deletionTimestamp) meta.deletionTimestamp = was.deletionTimestamp;
  else if (meta.deletionTimestamp !== undefined) delete meta.deletionTimestamp;
  if (was.deletionGracePeriodSeconds !== undefined) meta.deletionGracePeriodSeconds ??= was.deletionGracePeriodSeconds;
  if (write.kind.namespaced) meta.namespace ||= was.namespace;
}

/** Whether the removal of the last finalizer lets the object go now. */
function goesNow(write: Write, object: AnyObject, old: AnyObject): boolean {
  if ((object.metadata.finalizers?.length ?? 0) > 0 || !old.metadata.deletionTimestamp) return false;
  if (write.kind.plural === "namespaces" && write.kind.group === "") {
    const spec = object.spec as { finalizers?: string[] } | undefined;
    if (spec?.finalizers?.length) return false;
  }
  return !old.metadata.deletionGracePeriodSeconds;
}

/** What comes before admission: whose owners and whose fields these are. */
function attribute(write: Write, next: AnyObject, old: AnyObject, now: number): void {
  const warning = dedupeOwners(next);
  if (warning) write.warnings.push(warning);
  manageWrite(write.kind, next, old, write, now);
}
/** The object as it would be written, from one that was admitted. */
function prepare(write: Write, next: AnyObject, old: AnyObject, now: number): AnyObject {
  const { kind } = write;
  const context = { now, user: write.user.name };
  applyDefaults(kind, next);
  keepSystemFields(write, next, old);
  const object = separate(write, next, old);
  if (write.subresource === "status") kind.rules.prepareStatusUpdate?.(object, old, context);
  else if (write.subresource !== "finalize") kind.rules.prepareUpdate?.(object, old, context);
  if (kind.generation && !equalBut(BUT_SPEC, object, old)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  return object;
}
function check(write: Write, object: AnyObject, old: AnyObject): void {
  const { kind } = write;
  const report = new Report();
  validateMetadata(object.metadata, report);
  validateMetadataUpdate(object.metadata, old.metadata, report);
  if (write.subresource === "status") kind.rules.validateStatusUpdate?.(object, old, report);
  else if (write.subresource !== "finalize") {
    kind.rules.validate?.(object, report);
    kind.rules.validateUpdate?.(object, old, report);
  }
  refuse(kind, object.metadata.name ?? "", report);
  if (write.subresource === "") for (const w of kind.rules.warnings?.(object, old) ?? []) write.warnings.push(w);
}

/** Creates the object that an update finds missing, where it may. Undefined: somebody else has just created it. */
async function createMissing(
  options: RegistryOptions,
  write: Write,
  transform: Transform,
  creates: UpdateOptions["creates"],
): Promise<Updated | undefined> {
  const { kind } = write;
  if (!creates) throw notFound(resourceOf(kind), write.name);
  const object = transform(undefined);
  await creates();
  applyDefaults(kind, object);
  if (object.metadata.uid)
    throw conflict(
      resourceOf(kind),
      write.name,
      `uid mismatch: the provided object specified uid ${object.metadata.uid}, and no existing object was found`,
    );
  try {
    return { stored: await create(options, write, () => object), created: true };
  } catch (error) {
    if (reasonOf(error) === "AlreadyExists") return undefined;
    throw error;
  }
}

/**
 * Replaces an object by what `transform` makes of it, in one transaction on the revision that was read; repeated when another writer was
 * faster. An update without effect writes nothing. Removing the last finalizer of a deleted object removes it.
 */
export async function update(options: RegistryOptions, write: Write, transform: Transform, how: UpdateOptions): Promise<Updated> {
  const { kind, dryRun } = write;
  const key = write.key ?? objectKey(kind, write.namespace, write.name);
  const lost = () => conflict(resourceOf(kind), write.name, MODIFIED);
  for (let attempt = 0; attempt < limits.transactionAttempts; attempt++) {
    const entry = await options.store.get(key);
    if (!entry) {
      const made = await createMissing(options, write, transform, how.creates);
      if (made) return made;
      continue;
    }
    const standing = storedOf(options, kind, entry);
    const old = standing.object;
    const next = transform(standing);
    checkVersion(how, write, key, next, old);
    const now = options.clock.now();
    attribute(write, next, old, now);
    const asked = admission(write, "UPDATE", next, old);
    const admitting = admit(options, asked);
    if (admitting) await admitting;
    const object = prepare(write, next, old, now);
    const beside = sideOf(options, write, key, object, old);
    const side = beside instanceof Promise ? await beside : beside;
    check(write, object, old);
    const validating = validateAdmission(options, object === next ? asked : admission(write, "UPDATE", object, old));
    if (validating) await validating;
    if (goesNow(write, object, old)) {
      const removed = () => ({ stored: new Stored(kind, encodeRecord(kind, object), entry.modRevision), created: false });
      if (dryRun) return removed();
      const removal = await sideOf(options, write, key, undefined, old);
      if (await erase(options, write, key, entry, removal)) return removed();
      continue;
    }
    if (unchanged(object, old)) return { stored: standing, created: false };
    if (dryRun) return { stored: new Stored(kind, encodeRecord(kind, object), entry.modRevision), created: false };
    const stored = await put(options, write, key, object, entry, side);
    if (stored) return { stored, created: false };
    if (next.metadata.resourceVersion && !how.unconditional) throw lost();
  }
  throw lost();
}
