import { applyDefaults, emptyStatus } from "#apiserver/codec.ts";
import { objectKey } from "#apiserver/keys.ts";
import { manageWrite } from "#apiserver/manage.ts";
import { dedupeOwners, validateMetadata, validateNames } from "#apiserver/metadata.ts";
import { encodeRecord } from "#apiserver/record.ts";
import {
  type AnyObject,
  admission,
  admit,
  find,
  inTurn,
  put,
  type RegistryOptions,
  refuse,
  Stored,
  sideOf,
  taken,
  validateAdmission,
  type Write,
} from "#apiserver/registry.ts";
import { nameSuffix, uuid } from "#base/chance.ts";
import { Report } from "#base/fielderror.ts";
import { limits } from "#base/limits.ts";
import { badRequest, failure, StatusError } from "#base/status.ts";
import { formatTime } from "#base/time.ts";
import { type Kind, resourceOf } from "#kinds/kind.ts";

/** Names are cut so that five generated characters fit into 63 (upstream's SimpleNameGenerator). */
const GENERATED_BASE = 58;

/** The namespace of a body must be that of the URL; an empty one is filled in. */
export function alignNamespace(kind: Kind, object: AnyObject, namespace: string): void {
  const meta = object.metadata;
  const wanted = kind.namespaced ? namespace : "";
  if (!meta.namespace) {
    if (wanted) meta.namespace = wanted;
  } else if (meta.namespace !== wanted)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
}

/** Sets what only the server says of a new object. */
export function initialise(options: RegistryOptions, kind: Kind, object: AnyObject): void {
  const meta = object.metadata;
  delete meta.selfLink;
  delete meta.resourceVersion;
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.generation;
  meta.uid = uuid(options.chance);
  meta.creationTimestamp = formatTime(options.clock.now());
  if (kind.generation) meta.generation = 1;
  if (kind.subresources.status && !(kind.group === "" && kind.plural === "nodes")) {
    // A node registers with its status; all others start without one.
    const empty = emptyStatus(kind);
    if (empty === undefined) delete object.status;
    else object.status = empty;
  }
}

/** Validates a new object, the kind's own rules first (upstream's BeforeCreate). */
function checkCreate(write: Write, object: AnyObject): void {
  const { kind } = write;
  const report = new Report();
  kind.rules.validate?.(object, report);
  kind.rules.validateCreate?.(object, report);
  refuse(kind, object.metadata.name ?? "", report);
  validateNames(kind, object.metadata, report);
  validateMetadata(object.metadata, report);
  refuse(kind, object.metadata.name ?? "", report);
  for (const w of kind.rules.warnings?.(object, undefined) ?? []) write.warnings.push(w);
}

/** One attempt at creating `object` under the name it has. Undefined: another writer was faster at something beside the name. */
async function attemptCreate(options: RegistryOptions, write: Write, object: AnyObject): Promise<Stored | undefined> {
  const { kind } = write;
  await admit(options, admission(write, "CREATE", object, undefined));
  applyDefaults(kind, object);
  const again = dedupeOwners(object);
  if (again) write.warnings.push(again);
  if (kind.generation) object.metadata.generation = 1;
  kind.rules.prepareCreate?.(object, { now: options.clock.now(), user: write.user.name });
  const key = objectKey(kind, write.namespace, object.metadata.name ?? "");
  const side = await sideOf(options, write, key, object, undefined);
  checkCreate(write, object);
  await validateAdmission(options, admission(write, "CREATE", object, undefined));
  if (write.dryRun) {
    const existing = await find(options, kind, write.namespace, object.metadata.name!);
    if (existing) throw taken(kind, object.metadata.name!, existing.object);
    return new Stored(kind, encodeRecord(kind, object), 0);
  }
  const stored = await put(options, write, key, object, undefined, side);
  if (stored) return stored;
  const existing = await find(options, kind, write.namespace, object.metadata.name!);
  if (existing) throw taken(kind, object.metadata.name!, existing.object);
  return undefined;
}

/**
 * Creates an object: `draft` gives a fresh decoded body for each attempt. Throws AlreadyExists, Invalid, Forbidden, NotFound (its
 * namespace) and what admission refuses.
 */
export async function create(options: RegistryOptions, write: Write, draft: () => AnyObject | Promise<AnyObject>): Promise<Stored> {
  const { kind } = write;
  let lost: StatusError | undefined;
  for (let i = 0; i < Math.max(limits.generateNameAttempts, limits.transactionAttempts); i++) {
    const object = await draft();
    if (object.metadata.resourceVersion && object.metadata.resourceVersion !== "0")
      throw failure(500, "", "resourceVersion should not be set on objects to be created");
    alignNamespace(kind, object, write.namespace);
    initialise(options, kind, object);
    const generated = !object.metadata.name && !!object.metadata.generateName;
    if (generated) object.metadata.name = object.metadata.generateName!.slice(0, GENERATED_BASE) + nameSuffix(options.chance);
    const warning = i === 0 ? dedupeOwners(object) : undefined;
    if (warning) write.warnings.push(warning);
    manageWrite(kind, object, undefined, write, options.clock.now());
    try {
      const stored = await inTurn(options, kind, () => attemptCreate(options, write, object));
      if (stored) return stored;
    } catch (error) {
      if (!generated || !(error instanceof StatusError) || error.reason !== "AlreadyExists") throw error;
      lost = nameConflict(kind, object.metadata.name!);
      if (i + 1 >= limits.generateNameAttempts) throw lost;
    }
  }
  throw lost ?? failure(409, "Conflict", `Operation cannot be fulfilled on ${kind.plural}: too many writers`);
}

function nameConflict(kind: Kind, name: string): StatusError {
  const r = resourceOf(kind);
  const what = r.group ? `${r.resource}.${r.group}` : r.resource;
  return failure(
    409,
    "AlreadyExists",
    `${what} "${name}" already exists, the server was not able to generate a unique name for the object`,
    {
      name,
      ...(r.group && { group: r.group }),
      kind: r.resource,
      retryAfterSeconds: 1,
    },
  );
}
