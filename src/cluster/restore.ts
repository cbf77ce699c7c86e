/** `cox snapshot restore`: a cluster that does not run gets the store of a snapshot; the one that it had is kept beside. */
import { exchange, finishRestore } from "#cluster/exchange.ts";
import { type ClusterKeys, parseKeys, placeKeys } from "#cluster/keys.ts";
import type { Layout } from "#cluster/layout.ts";
import { OptionError } from "#cluster/optionerror.ts";
import { readSettled, settleFirst } from "#cluster/prepare.ts";
import { sampled, unopened } from "#cluster/sealedwith.ts";
import { listSnapshots, type SnapshotPlace } from "#cluster/snapshots.ts";
import { archiveAt } from "#host/archive.ts";
import { hostFiles } from "#host/files.ts";
import { isThere, listIfThere, makePrivateFolder, readIfThere, removeFolder, writeAtomically } from "#host/privatefiles.ts";
import { readRunFile } from "#host/runfile.ts";
import { hostSeal, readSealKey, snapshotPorts } from "#host/snapshot.ts";
import { restoreStore } from "#host/store.ts";
import { checkHash, contentOf, SnapshotDamaged } from "#snapshot/load.ts";
import { splitNote } from "#snapshot/note.ts";
import type { Scratch } from "#snapshot/ports.ts";
import { isSealed, unsealed } from "#snapshot/seal.ts";
import type { Entry } from "#store/contract.ts";
import { InUse } from "#store/ports.ts";

export interface RestoreRequest extends SnapshotPlace {
  /** A snapshot's name in the place, or a file's absolute path, or "latest". */
  readonly snapshot: string;
  /** Take a database without a hash behind it: a copy of a member's file. */
  readonly skipHashCheck: boolean;
}
export interface Restored {
  readonly name: string;
  readonly revision: number;
  /** Where the store from before is; undefined: there was none. */
  readonly aside: string | undefined;
  /** Keys that values are sealed with, "aesgcm:v1:key-1", and which the file for them lacks. */
  readonly missing: readonly string[];
  readonly keysBelongIn: string;
}

/** Throws OptionError, SnapshotDamaged or BoltDamaged, and then the store is as it was. */
export async function restoreSnapshot(layout: Layout, request: RestoreRequest): Promise<Restored> {
  const run = readRunFile(layout.run);
  if (run)
    throw new OptionError(
      `the cluster in ${layout.dataDir} runs (process ${run.pid}): stop it with "cox down" before its store is replaced`,
    );
  const settled = await readSettled(layout);
  if (settled?.datastoreEndpoint !== undefined)
    throw new OptionError(
      `the store of this cluster is the etcd at ${settled.datastoreEndpoint}: etcd's own tools restore it from this snapshot`,
    );
  const others = settled ? [] : (await listIfThere(layout.dataDir)).filter(name => name !== "snapshots" && name !== "lost+found");
  if (others.length > 0)
    throw new OptionError(`${layout.dataDir} holds other things than a cluster: name a folder that is empty or not there yet`);
  await makePrivateFolder(layout.dataDir);
  await finishRestore(layout);
  const unlock = await lockStore(layout);
  let aside: string | undefined;
  try {
    const ports = snapshotPorts(layout.dataDir);
    const scratch = await ports.scratch();
    try {
      const { name, size, keys } = await fetched(request, scratch, () => ports.scratch());
      if (!settled && !keys) {
        throw new OptionError(
          `there is no cluster in ${layout.dataDir}, and ${name} does not bring the keys of its own: put its data directory's cluster.json and pki/ there first, or restore one that was saved with --key-file`,
        );
      }
      const hash = await checkHash(scratch, size, ports);
      if (hash === "none" && !request.skipHashCheck)
        throw new SnapshotDamaged(`${name} has no SHA-256 behind it; --skip-hash-check takes it all the same`);
      await removeFolder(layout.restoring);
      const samples = new Map<string, Entry>();
      const revision = await restoreStore(layout.restoring, sampled(contentOf(scratch, ports), samples));
      if (!settled) {
        await makePrivateFolder(layout.pki);
        await placeKeys(layout, keys!);
        await settleFirst(layout, keys!.options);
      }
      aside = await exchange(layout);
      const file = settled?.encryptionProviderConfig || `${layout.pki}/encryption.json`;
      let missing = await unopened(samples, file);
      const theirs = keys?.files["encryption.json"];
      if (missing.length > 0 && theirs !== undefined && !settled?.encryptionProviderConfig) {
        // those of its time; the ones of the store that went aside go with it
        const ours = await readIfThere(file);
        if (aside && ours !== undefined) await writeAtomically(`${aside}.encryption.json`, ours);
        await writeAtomically(file, theirs);
        missing = await unopened(samples, file);
      }
      return { name, revision, aside, missing, keysBelongIn: file };
    } finally {
      await scratch.close();
    }
  } finally {
    // The lock has gone aside with its store; at its old place there may be another's by now.
    if (aside) await hostFiles.remove(`${aside}/lock`).catch(() => undefined);
    else await unlock();
  }
}

/** Nobody opens the store meanwhile. */
async function lockStore(layout: Layout): Promise<() => Promise<void>> {
  if (!(await isThere(layout.store))) return async () => undefined;
  return hostFiles.lock(`${layout.store}/lock`).catch(error => {
    throw error instanceof InUse ? new OptionError(`the store in ${layout.store} is ${error.message}`) : error;
  });
}
interface Fetched {
  readonly name: string;
  readonly size: number;
  /** Of the cluster that it is of, where it brings them. */
  readonly keys?: ClusterKeys;
}
/** The snapshot's bytes, decrypted, in `scratch`. */
async function fetched(request: RestoreRequest, scratch: Scratch, more: () => Promise<Scratch>): Promise<Fetched> {
  const { name, bytes } = await found(request);
  const size = await copy(bytes, scratch);
  if (!isSealed(await scratch.read(0, 16))) return { name, size };
  if (!request.keyFile) throw new OptionError(`${name} is encrypted: name the file with its key (--key-file)`);
  const key = await readSealKey(request.keyFile);
  const encrypted = await more();
  try {
    // What was read becomes the source, and its place takes the plain bytes.
    await copy(parts(scratch, size), encrypted);
    const whole = await splitNote(scratch, await copy(unsealed(encrypted, size, key, hostSeal), scratch));
    return { name, size: whole.size, keys: whole.note === undefined ? undefined : parseKeys(whole.note, name) };
  } finally {
    await encrypted.close();
  }
}
async function found({ snapshot, place }: RestoreRequest): Promise<{ name: string; bytes: AsyncIterable<Uint8Array> }> {
  if (snapshot.startsWith("/")) {
    const at = snapshot.lastIndexOf("/");
    return { name: snapshot, bytes: (await archiveAt(snapshot.slice(0, at) || "/")).get(snapshot.slice(at + 1)) };
  }
  const archive = await archiveAt(place);
  const all = await listSnapshots(archive);
  const name = snapshot === "latest" ? all[0]?.name : all.find(s => s.name === snapshot)?.name;
  if (!name) throw new OptionError(`there is no ${snapshot === "latest" ? "snapshot" : `snapshot "${snapshot}"`} in ${place}`);
  return { name, bytes: archive.get(name) };
}
async function copy(bytes: AsyncIterable<Uint8Array>, to: Scratch): Promise<number> {
  let at = 0;
  for await (const part of bytes) {
    await to.write(at, part);
    at += part.length;
  }
  return at;
}
const CHUNK = 256 * 1024;
async function* parts(from: Scratch, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; at += CHUNK) yield from.read(at, Math.min(CHUNK, size - at));
}
