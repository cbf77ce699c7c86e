/** What the writing verbs share: the ports, the shape of a write, and the steps that each repeats on a conflict. */

import type { Admission, AdmissionPlugin } from "#apiserver/call.ts";
import type { Did, Journal } from "#apiserver/journal.ts";
import { objectKey } from "#apiserver/keys.ts";
import type { LiveObjects } from "#apiserver/objects.ts";
import type { Parsed } from "#apiserver/parsed.ts";
import { drawUp, encodeRecord, objectOf, servedParts } from "#apiserver/record.ts";
import { concat } from "#base/bytes.ts";
import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import { invalid, type Report } from "#base/fielderror.ts";
import type { Cause, Identity } from "#base/http.ts";
import { limits } from "#base/limits.ts";
import type { Log } from "#base/log.ts";
import { freeze } from "#base/plain.ts";
import type { Soon } from "#base/soon.ts";
import { alreadyExists, failure, notFound, type StatusError } from "#base/status.ts";
import { type Kind, type KubeObject, resourceOf } from "#kinds/kind.ts";
import { type Compare, type Entry, type Key, type LeaseId, NoSpace, type Op, type Revision, type Store } from "#store/contract.ts";

/** An object with the parts that the generic code knows. */
export type AnyObject = KubeObject & { spec?: unknown; status?: unknown };

/** What a kind's write does beside the object itself, in the same transaction: addresses and ports of a Service. */
export interface Side {
  readonly compare: readonly Compare[];
  readonly ops: readonly Op[];
}
export interface Companion {
  /**
   * Called in each attempt, before validation. `object` (undefined: deletion) may be changed in place; `old` is what it replaces.
   * When one of `compare` fails the attempt is repeated, so a companion re-reads what it competes for.
   */
  prepare(key: Key, object: AnyObject | undefined, old: AnyObject | undefined, dryRun: boolean): Promise<Side>;
}

export interface RegistryOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly objects: LiveObjects;
  readonly parsed: Parsed;
  readonly journal: Journal;
  readonly log: Log;
  readonly plugins: readonly AdmissionPlugin[];
  /** By the kind's folder in the store. */
  readonly companions: ReadonlyMap<string, Companion>;
  readonly witness?: Witness | undefined;
}
/** Told of each write of an object that the store has taken, in the order of revisions. */
export type Witness = (write: Write, did: Did, key: Key, name: string, revision: Revision, record: Uint8Array) => void;

/** Who writes what, and how. */
export interface Write {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  /** Where the object stands, when somebody has worked that out. */
  readonly key?: Key | undefined;
  readonly subresource: string;
  readonly user: Identity;
  readonly dryRun: boolean;
  /** For managedFields: the query's fieldManager, or the User-Agent's first part. */
  readonly manager: string;
  /** Who acts as `user`. */
  readonly impersonator?: string | undefined;
  /** Why a loop writes. */
  readonly cause?: Cause | undefined;
  /** Server-side apply, whose objects carry their managedFields. */
  readonly applies?: boolean;
  readonly warnings: string[];
}

/** An object as it stands in the store, or as a dry run would leave it. */
export class Stored {
  readonly kind: Kind;
  readonly revision: Revision;
  private bytes: Uint8Array | undefined;
  private parsed: AnyObject | undefined;
  /** Of the record and the object one may be missing: it is made of the other when it is asked for. */
  constructor(kind: Kind, record: Uint8Array | undefined, revision: Revision, parsed?: AnyObject) {
    this.kind = kind;
    this.bytes = record;
    this.revision = revision;
    this.parsed = parsed;
  }
  get record(): Uint8Array {
    this.bytes ??= encodeRecord(this.kind, this.parsed!);
    return this.bytes;
  }
  /** Parsed once and frozen throughout. */
  get object(): AnyObject {
    this.parsed ??= freeze(objectOf(this.kind, this.record, this.revision));
    return this.parsed;
  }
  /** The object with its parts, the caller's own to change; what is in these is frozen, and can be replaced. */
  own(): AnyObject {
    const own: Record<string, unknown> = { ...this.object };
    for (const part of PARTS) if (own[part]) own[part] = { ...own[part] };
    return own as unknown as AnyObject;
  }
  /** A parsed copy of the caller's own. */
  fresh(): AnyObject {
    return objectOf(this.kind, this.record, this.revision);
  }
  json(): Uint8Array {
    return concat([...servedParts(this.kind, this.record, this.revision), NEWLINE]);
  }
}
const PARTS = ["metadata", "spec", "status"];
const NEWLINE = new Uint8Array([10]);

/** What an entry holds, parsed already if it was of late. */
export function storedOf({ parsed }: RegistryOptions, kind: Kind, { key, value, modRevision }: Entry): Stored {
  return new Stored(kind, value, modRevision, parsed.get(kind, key, modRevision, value));
}
/** The object, or undefined. */
export function find(options: RegistryOptions, kind: Kind, namespace: string, name: string): Promise<Stored | undefined> {
  return findAt(options, kind, objectKey(kind, namespace, name));
}
/** The same by its key; as of `revision` when one is given. */
export function findAt(options: RegistryOptions, kind: Kind, key: Key, revision?: Revision): Promise<Stored | undefined> {
  return options.store.get(key, revision).then(entry => entry && storedOf(options, kind, entry));
}
/** The object; throws NotFound. */
export async function get(options: RegistryOptions, kind: Kind, namespace: string, name: string): Promise<Stored> {
  const found = await find(options, kind, namespace, name);
  if (!found) throw notFound(resourceOf(kind), name);
  return found;
}

export function admission(
  write: Write,
  operation: Admission["operation"],
  object: AnyObject | undefined,
  old: AnyObject | undefined,
): Admission {
  return {
    operation,
    kind: write.kind,
    namespace: write.namespace,
    name: object?.metadata.name ?? write.name,
    subresource: write.subresource,
    object,
    old,
    user: write.user,
    dryRun: write.dryRun,
    warnings: write.warnings,
  };
}
/** Each plugin in turn, changing the object; a promise only when one of them waits for something. */
export function admit({ plugins }: RegistryOptions, request: Admission): Soon<void> {
  return inOrder(concerned(plugins, request.kind).admit, "admit", request);
}
/** Each plugin in turn, looking at the object; a promise only when one of them waits for something. */
export function validateAdmission({ plugins }: RegistryOptions, request: Admission): Soon<void> {
  return inOrder(concerned(plugins, request.kind).validate, "validate", request);
}
type Step = "admit" | "validate";
type Concerned = Readonly<Record<Step, readonly AdmissionPlugin[]>>;
const chosen = new WeakMap<readonly AdmissionPlugin[], Map<Kind, Concerned>>();
/** The plugins that have a say in a kind, by what they do: chosen once. */
function concerned(plugins: readonly AdmissionPlugin[], kind: Kind): Concerned {
  const known = chosen.get(plugins)?.get(kind);
  if (known) return known;
  const mine = plugins.filter(p => !p.kinds || p.kinds.some(k => k.group === kind.group && k.plural === kind.plural));
  const made = { admit: mine.filter(p => p.admit), validate: mine.filter(p => p.validate) };
  const ofKinds = chosen.get(plugins) ?? new Map<Kind, Concerned>();
  chosen.set(plugins, ofKinds.set(kind, made));
  return made;
}
function inOrder(plugins: readonly AdmissionPlugin[], step: Step, request: Admission): Soon<void> {
  for (let i = 0; i < plugins.length; i++) {
    const waits = plugins[i]![step]?.(request);
    if (waits) return waits.then(() => inOrder(plugins.slice(i + 1), step, request));
  }
}

/** Throws the 422 of a report with errors. */
export function refuse(kind: Kind, name: string, report: Report): void {
  if (!report.ok) throw invalid(kind.group, kind.kind, name, report.errors);
}

const NOTHING: Side = { compare: [], ops: [] };
export function sideOf(
  options: RegistryOptions,
  write: Write,
  key: Key,
  object: AnyObject | undefined,
  old: AnyObject | undefined,
): Soon<Side> {
  const companion = options.companions.get(write.kind.storedAt);
  return companion ? companion.prepare(key, object, old, write.dryRun) : NOTHING;
}

const turns = new WeakMap<Companion, Promise<unknown>>();
/**
 * Lets writes of a kind that competes for something beside its name run one after another: within one process they then never lose
 * against each other. (Against another process the transaction's compares decide.)
 */
export async function inTurn<T>(options: RegistryOptions, kind: Kind, run: () => Promise<T>): Promise<T> {
  const companion = options.companions.get(kind.storedAt);
  if (!companion) return run();
  const mine = (turns.get(companion) ?? Promise.resolve()).then(run, run);
  turns.set(
    companion,
    mine.catch(() => {}),
  );
  return mine;
}

/** Events live for an hour, as upstream's --event-ttl says; one lease serves all that are written within some minutes. */
const EVENT_TTL_SECONDS = 3600;
const LEASE_REUSE_MS = 60_000;
const leases = new WeakMap<Store, { id: LeaseId; until: number }>();
async function leaseOfEvents(options: RegistryOptions): Promise<LeaseId> {
  const now = options.clock.monotonic();
  const known = leases.get(options.store);
  if (known && known.until > now) return known.id;
  const { id } = await options.store.grant(EVENT_TTL_SECONDS + LEASE_REUSE_MS / 1000);
  leases.set(options.store, { id, until: now + LEASE_REUSE_MS });
  return id;
}

/** Writes a record if nobody was faster (`previous`: what it replaces). Undefined: the attempt lost and must be repeated. */
export async function put(
  options: RegistryOptions,
  write: Write,
  key: Key,
  object: AnyObject,
  previous: Entry | undefined,
  side: Side,
): Promise<Stored | undefined> {
  const { kind } = write;
  const did = previous ? "update" : "create";
  const drawn = drawUp(kind, object, previous !== undefined);
  const value = drawn.record;
  const lease = kind.storedAt === "events" ? await leaseOfEvents(options) : undefined;
  options.parsed.coming(kind, key, drawn);
  let read: AnyObject | undefined;
  let revision: Revision | undefined;
  try {
    const own: Op = lease === undefined ? { op: "put", key, value } : { op: "put", key, value, lease };
    const note = noteOf(options, write, key, did);
    const result = await options.store.txn(
      before({ key, target: "mod", is: "=", than: previous?.modRevision ?? 0 }, side.compare),
      before(own, side.ops.length === 0 ? note : [...side.ops, ...note]),
    );
    if (result.succeeded) revision = result.revision;
  } finally {
    read = options.parsed.written(kind, key, value, revision);
  }
  if (revision === undefined) return undefined;
  options.objects.wrote(kind, key, value, revision);
  options.witness?.(write, did, key, object.metadata.name ?? "", revision, value);
  return new Stored(kind, value, revision, read);
}
/** Deletes what `previous` says, if nobody was faster; the deletion's revision, or undefined when the attempt lost. */
export async function erase(options: RegistryOptions, write: Write, key: Key, previous: Entry, side: Side): Promise<Revision | undefined> {
  const { kind } = write;
  const erased = (note: readonly Op[]) =>
    options.store.txn(
      [{ key, target: "mod", is: "=", than: previous.modRevision }, ...side.compare],
      [{ op: "delete", key }, ...side.ops, ...note],
    );
  // A store without room takes deletions, and no notes of them.
  const result = await erased(noteOf(options, write, key, "delete")).catch(error => {
    if (!(error instanceof NoSpace)) throw error;
    return erased([]);
  });
  if (!result.succeeded) return undefined;
  options.objects.wrote(kind, key, undefined, result.revision);
  options.witness?.(write, "delete", key, write.name, result.revision, previous.value);
  return result.revision;
}

/** Mostly nothing follows: a list that is spread grows as if it were long. */
const before = <T>(first: T, rest: readonly T[]): T[] => (rest.length === 0 ? [first] : [first, ...rest]);

function noteOf({ journal }: RegistryOptions, write: Write, key: Key, did: Did): readonly Op[] {
  return journal.note(write.kind, key, did, write);
}

/** Repeats `attempt` while it loses against other writers; then the answer is a conflict. */
export function attempts<T>(
  attempt: () => Promise<T | undefined>,
  lost: () => StatusError,
  most: number = limits.transactionAttempts,
): Promise<T> {
  return attempt().then(done => {
    if (done !== undefined) return done;
    if (most === 1) throw lost();
    return attempts(attempt, lost, most - 1);
  });
}

/** The 409 for a name that is taken, with upstream's prefix while the old object is on its way out. */
export function taken(kind: Kind, name: string, existing: AnyObject | undefined): StatusError {
  const error = alreadyExists(resourceOf(kind), name);
  if (!existing?.metadata.deletionTimestamp) return error;
  return failure(409, "AlreadyExists", `object is being deleted: ${error.message}`, error.status.details);
}
