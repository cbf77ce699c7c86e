/** `cox snapshot`: snapshots of a cluster's store saved, listed, pruned and restored, whether it runs or not. */

import { text } from "#base/bytes.ts";
import { bytesOf } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import { adminClient } from "#cluster/admin.ts";
import { openDatastore } from "#cluster/datastore.ts";
import { readKeys } from "#cluster/keys.ts";
import type { Layout } from "#cluster/layout.ts";
import { OptionError } from "#cluster/optionerror.ts";
import type { ClusterOptions } from "#cluster/options.ts";
import { readSettled } from "#cluster/prepare.ts";
import { SNAPSHOT_PATH } from "#cluster/snapshotpath.ts";
import { archiveAt } from "#host/archive.ts";
import { hostChance } from "#host/chance.ts";
import { hostClock } from "#host/clock.ts";
import { streamLog } from "#host/log.ts";
import { readIfThere } from "#host/privatefiles.ts";
import { readRunFile } from "#host/runfile.ts";
import { hostSeal, readSealKey, snapshotPorts } from "#host/snapshot.ts";
import { type Archive, nameProblem, type SnapshotFile, snapshotName, snapshotsIn, surplus } from "#snapshot/archive.ts";
import { retainedOf } from "#snapshot/contents.ts";
import { withNote } from "#snapshot/note.ts";
import { etcdSnapshot } from "#snapshot/save.ts";
import { sealed } from "#snapshot/seal.ts";
import { verified } from "#snapshot/verify.ts";
import type { LocalStore, Store } from "#store/contract.ts";

export interface SnapshotPlace {
  /** A folder's absolute path, or s3://BUCKET/PREFIX. */
  readonly place: string;
  /** A file with the key to encrypt with. */
  readonly keyFile?: string;
}
const isLocal = (store: Store): store is LocalStore => "retained" in store;

/** The bytes of a snapshot of `store`, made when they are read. */
export async function* snapshotOf(store: Store, dataDir: string): AsyncGenerator<Uint8Array> {
  const { bytes } = await etcdSnapshot(isLocal(store) ? store.retained() : retainedOf(store), snapshotPorts(dataDir));
  yield* bytes;
}

/** Saves what `bytes` are, checked, under a name made of `of` and the time; an encrypted one with the cluster's keys. */
async function keep(
  bytes: AsyncIterable<Uint8Array>,
  of: string,
  { place, keyFile }: SnapshotPlace,
  layout: Layout,
): Promise<SnapshotFile> {
  const archive = await archiveAt(place);
  const key = keyFile ? await readSealKey(keyFile) : undefined;
  const name = snapshotName(of, hostClock.now(), key !== undefined);
  const whole = verified(bytes, snapshotPorts(layout.dataDir).sha256());
  await archive.put(name, key ? sealed(withNote(whole, await keysOf(layout)), key, hostChance, hostSeal) : whole);
  const saved = (await listSnapshots(archive)).find(s => s.name === name);
  if (!saved) throw new Error(`${archive.place} has taken ${name} and does not list it`);
  return saved;
}

/** What another machine needs to go on as this cluster, the file that a person named for the keys of Secrets included. */
async function keysOf(layout: Layout): Promise<string> {
  const settled = await readSettled(layout);
  const keys = await readKeys(layout, settled as ClusterOptions);
  const named = settled?.encryptionProviderConfig && (await readIfThere(settled.encryptionProviderConfig));
  return JSON.stringify(named ? { ...keys, files: { ...keys.files, "encryption.json": named } } : keys);
}

/** A snapshot of the cluster as it is now: from its process where one runs, else from its files. */
export async function saveSnapshot(layout: Layout, of: string, at: SnapshotPlace): Promise<SnapshotFile> {
  const problem = nameProblem(of);
  if (problem) throw new OptionError(problem);
  if (!readRunFile(layout.run)) {
    const settled = await readSettled(layout);
    if (!settled) throw new OptionError(`there is no cluster in ${layout.dataDir}: start one with "cox up"`);
    const { store, close } = await openDatastore(layout, settled, streamLog(2));
    try {
      return await keep(snapshotOf(store, layout.dataDir), of, at, layout);
    } finally {
      await close();
    }
  }
  const admin = await adminClient(layout);
  try {
    const response = await admin.client.transport({ method: "GET", url: SNAPSHOT_PATH, headers: {} });
    if (response.status !== 200) throw new OptionError(`the cluster gives no snapshot: ${text(await bytesOf(response))}`);
    const { body = new Uint8Array() } = response;
    return await keep(body instanceof Uint8Array ? once(body) : body, of, at, layout);
  } finally {
    admin.close();
  }
}
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

export async function listSnapshots(archive: Archive): Promise<SnapshotFile[]> {
  return snapshotsIn(await archive.list());
}
/** Removes all but the newest `count` of those that are named for `of`; what was removed. */
export async function pruneSnapshots(archive: Archive, of: string, count: number): Promise<SnapshotFile[]> {
  const gone = surplus(await listSnapshots(archive), of, count);
  for (const { name } of gone) await archive.remove(name);
  return gone;
}

/** What the schedule names its snapshots for. */
export const SCHEDULED = "scheduled";
/** One scheduled snapshot of a store of this process, and those before it that are one too many. */
export async function takeScheduled(store: Store, layout: Layout, at: SnapshotPlace, retention: number, log: Log): Promise<void> {
  const { name, size } = await keep(snapshotOf(store, layout.dataDir), SCHEDULED, at, layout);
  const gone = await pruneSnapshots(await archiveAt(at.place), SCHEDULED, retention);
  log.info("snapshot saved", { name, place: at.place, bytes: size, removed: gone.length });
}
