/** The store on this machine's disk. */
import type { LocalStore, Retained, Revision } from "#store/contract.ts";
import { openEmbedded, restoreEmbedded } from "#store/embedded.ts";
import { hostClock } from "./clock.ts";
import { hostChecksum, hostFiles } from "./files.ts";
import { openLmdb } from "./lmdb.ts";

const optionsFor = (directory: string) =>
  ({ clock: hostClock, files: hostFiles, openIndex: openLmdb, directory, checksum: hostChecksum }) as const;

/** Opens the store in `directory`, or makes it; see openEmbedded for what may be wrong. `limit`: bytes that it may grow to. */
export const openStore = (directory: string, limit?: number): Promise<LocalStore> => openEmbedded({ ...optionsFor(directory), limit });

/** Makes a store of `stream` in a fresh `directory`; its revision, when all of it is durable. */
export async function restoreStore(directory: string, stream: AsyncIterable<Retained>): Promise<Revision> {
  const store = await restoreEmbedded(optionsFor(directory), stream);
  const { revision } = store;
  await store.close();
  await hostFiles.syncDirectory(directory);
  return revision;
}
