/** The store on this machine's disk. */
import type { LocalStore } from "#store/contract.ts";
import { openEmbedded } from "#store/embedded.ts";
import { hostClock } from "./clock.ts";
import { hostChecksum, hostFiles } from "./files.ts";
import { openLmdb } from "./lmdb.ts";

/** Opens the store in `directory`, or makes it; see openEmbedded for what may be wrong. */
export const openStore = (directory: string): Promise<LocalStore> =>
  openEmbedded({ clock: hostClock, files: hostFiles, openIndex: openLmdb, directory, checksum: hostChecksum });
