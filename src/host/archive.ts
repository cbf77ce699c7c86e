/** Snapshots in a folder of this machine (snapshot/archive.ts), and the archive that a place's name stands for. */
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Archive } from "#snapshot/archive.ts";
import { listIfThere, makeFolder, syncFolder, systemReason } from "./privatefiles.ts";
import { startOf } from "./processes.ts";

/** `s3://BUCKET/PREFIX`, or a folder's absolute path. */
export async function archiveAt(place: string): Promise<Archive> {
  if (!place.startsWith("s3://")) return folderArchive(place);
  // A client for S3 is loaded by who needs one only.
  const { s3Archive } = await import("./s3.ts");
  return s3Archive(place, process.env);
}

function folderArchive(folder: string): Archive {
  return {
    place: folder,
    list: () =>
      usable(folder, async () => {
        const names = (await listIfThere(folder)).filter(name => !name.startsWith("."));
        return Promise.all(names.map(async name => ({ name, size: (await stat(join(folder, name))).size })));
      }),
    async put(name, bytes) {
      await usable(folder, async () => {
        // one that is there has its mode from somebody, who may keep other things in it
        await makeFolder(folder);
        await removeUnfinished(folder);
      });
      const beside = join(folder, `.${name}.${process.pid}.partial`);
      try {
        const handle = await open(beside, "w", 0o600);
        try {
          for await (const part of bytes) await handle.writeFile(part);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(beside, join(folder, name));
        await syncFolder(folder);
      } catch (error) {
        await rm(beside, { force: true });
        throw error;
      }
    },
    get: name => createReadStream(join(folder, name)),
    remove: name => rm(join(folder, name)),
  };
}
/** What the system refuses about the folder, in a sentence. */
async function usable<T>(folder: string, work: () => Promise<T>): Promise<T> {
  return work().catch((error: Error) => {
    const why = systemReason(error);
    throw why === undefined ? error : new Error(`snapshots cannot be in ${folder}: ${why}`);
  });
}
/** What processes that are no more have begun here. */
async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await listIfThere(folder)) {
    const pid = /^\..*\.(\d+)\.partial$/.exec(name)?.[1];
    if (pid && startOf(Number(pid)) === undefined) await rm(join(folder, name), { force: true });
  }
}
