/** `cox migrate`: a cluster's store moves to an etcd, or back to this machine's disk. Reads go on all the while; writes too while most is copied. */
import { text } from "#base/bytes.ts";
import { bytesOf } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import { adminClient } from "#cluster/admin.ts";
import { connectEtcd, type EtcdPlace, openDatastore } from "#cluster/datastore.ts";
import { exchange, setAside } from "#cluster/exchange.ts";
import type { Layout } from "#cluster/layout.ts";
import { MIGRATE_PATH, type MigrateLine, placeQuery } from "#cluster/migratepath.ts";
import { OptionError } from "#cluster/optionerror.ts";
import { checkDatastore } from "#cluster/options.ts";
import { readSettled, settleDatastore } from "#cluster/prepare.ts";
import { streamLog } from "#host/log.ts";
import { removeFolder } from "#host/privatefiles.ts";
import { endRun, readRunFile } from "#host/runfile.ts";
import { restoreStore } from "#host/store.ts";
import { newestOf, retainedOf } from "#snapshot/contents.ts";
import type { Fence } from "#snapshot/fence.ts";
import { moveInto } from "#snapshot/move.ts";
import { Compacted, type Revision, type Store } from "#store/contract.ts";

interface Move {
  readonly from: Store;
  /** Holds its writes off. */
  readonly hold: () => Promise<void>;
  readonly layout: Pick<Layout, "restoring">;
  readonly log: Log;
}
const PATIENCE_MS = 30_000;
/** Times that a copy is begun. */
const TRIES = 5;
const named = (place: EtcdPlace) => place.datastoreEndpoint ?? "this machine's disk";

/** Copies the whole store to its new place; a sentence about it. */
async function copy({ from, hold, layout, log }: Move, target: EtcdPlace, progress: (line: string) => void): Promise<string> {
  if (target.datastoreEndpoint !== undefined) {
    const to = await connectEtcd(target, log);
    try {
      const { keys, revision } = await moveInto({ from, to, hold, progress });
      return `${keys} keys are in the etcd at ${target.datastoreEndpoint}, at revision ${revision}`;
    } finally {
      await to.close();
    }
  }
  const revision = await copyHere(from, hold, layout);
  const now = await newestOf(from);
  // The fence is this process's own; an etcd may have other writers.
  if (now !== revision)
    throw new OptionError(`the etcd has been written to meanwhile (revision ${now} after ${revision}): end its other control planes first`);
  return `the store is on this machine's disk, at revision ${revision}`;
}

/** The past comes with it; a compaction that overtakes the copy has it begun anew. Its revision. */
async function copyHere(from: Store, hold: () => Promise<void>, { restoring }: Move["layout"]): Promise<Revision> {
  for (let tries = 1; ; tries++) {
    await removeFolder(restoring);
    try {
      return await restoreStore(restoring, retainedOf(from, hold));
    } catch (error) {
      if (!(error instanceof Compacted) || tries === TRIES) throw error;
    }
  }
}

/** In the running process. Once all is copied its writes stay refused, for it is to be ended; unless nobody is there any more to do so. */
export async function* migrating(move: Omit<Move, "hold"> & { readonly fence: Fence }, target: EtcdPlace): AsyncGenerator<MigrateLine> {
  const { fence } = move;
  const lines: MigrateLine[] = [];
  let more = Promise.withResolvers<void>();
  let done = false;
  const say = (line: MigrateLine) => {
    lines.push(line);
    more.resolve();
  };
  const work = (async () => {
    const hold = () => {
      say({ progress: "writes wait from here on" });
      return fence.close(`the store is moving to ${named(target)}: nothing is written until it is there`);
    };
    const moved = await copy({ ...move, hold }, target, progress => say({ progress }));
    await fence.close(`the store has moved to ${named(target)}, and this process is about to end`);
    say({ moved });
  })()
    .catch((error: Error) => {
      fence.open();
      say({ failed: error.message });
    })
    .finally(() => {
      done = true;
      more.resolve();
    });
  let heard = false;
  try {
    while (!done || lines.length > 0) {
      const line = lines.shift();
      if (line) yield line;
      else {
        await more.promise;
        more = Promise.withResolvers();
      }
    }
    heard = true;
  } finally {
    if (!heard) void work.then(() => fence.open());
  }
}

/** From the command line: of a cluster that runs or does not; it does not run when this resolves. */
export async function migrateCluster(layout: Layout, target: EtcdPlace, progress: (line: string) => void): Promise<string> {
  checkDatastore(target);
  const settled = await readSettled(layout);
  if (!settled) throw new OptionError(`there is no cluster in ${layout.dataDir}: start one with "cox up"`);
  if (settled.datastoreEndpoint === target.datastoreEndpoint)
    throw new OptionError(`the store of the cluster in ${layout.dataDir} is there already`);
  const run = readRunFile(layout.run);
  let moved: string;
  if (run) {
    moved = await askToMove(layout, target, progress);
    progress("the copy is whole; stopping the control plane");
    await endRun(run, PATIENCE_MS);
  } else {
    const log = streamLog(2);
    const opened = await openDatastore(layout, settled, log);
    try {
      moved = await copy({ from: opened.store, hold: async () => {}, layout, log }, target, progress);
    } finally {
      await opened.close();
    }
  }
  const aside = target.datastoreEndpoint === undefined ? await exchange(layout) : await setAside(layout);
  await settleDatastore(layout, target);
  return aside ? `${moved}; the store from before is in ${aside}` : moved;
}
async function askToMove(layout: Layout, target: EtcdPlace, progress: (line: string) => void): Promise<string> {
  const admin = await adminClient(layout);
  try {
    const response = await admin.client.transport({ method: "POST", url: `${MIGRATE_PATH}?${placeQuery(target)}`, headers: {} });
    if (response.status !== 200) throw new OptionError(`the cluster does not move: ${text(await bytesOf(response))}`);
    for await (const line of linesOf(response.body ?? new Uint8Array())) {
      if ("moved" in line) return line.moved;
      if ("failed" in line) throw new OptionError(line.failed);
      progress(line.progress);
    }
    throw new OptionError("the control plane ended before the store had moved: nothing has changed");
  } finally {
    admin.close();
  }
}
async function* linesOf(body: Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<MigrateLine> {
  let rest = "";
  for await (const part of body instanceof Uint8Array ? [body] : body) {
    const all = (rest + text(part)).split("\n");
    rest = all.pop() ?? "";
    for (const line of all) yield JSON.parse(line) as MigrateLine;
  }
}
