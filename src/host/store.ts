/** The store on this machine's disk. */
import { existsSync } from "node:fs";
import { type CheckReport, checkStore } from "#store/check.ts";
import type { LocalStore, Retained, Revision } from "#store/contract.ts";
import { openEmbedded, restoreEmbedded } from "#store/embedded.ts";
import { InUse } from "#store/ports.ts";
import { hostClock } from "./clock.ts";
import { hostChecksum, hostFiles } from "./files.ts";
import { openLmdb } from "./lmdb.ts";
import { turn } from "./turn.ts";

const optionsFor = (directory: string) =>
  ({ clock: hostClock, files: hostFiles, openIndex: openLmdb, directory, checksum: hostChecksum, turn }) as const;

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

/** Reads all of the store in `directory`, which nobody may have open, and changes nothing. Throws what keeps it from doing so. */
export async function checkedStore(directory: string): Promise<CheckReport> {
  if (!existsSync(`${directory}/format`)) throw new Error(`there is no store in ${directory}`);
  const unlock = await hostFiles.lock(`${directory}/lock`).catch(error => {
    throw error instanceof InUse ? new Error(`the data directory ${directory} is ${error.message}`) : error;
  });
  try {
    // Opening an index that is not there would make one.
    const openIndex = existsSync(`${directory}/index/data.mdb`) ? openLmdb : undefined;
    return await checkStore({ files: hostFiles, directory, checksum: hostChecksum, openIndex });
  } finally {
    await unlock();
  }
}
