/** Files that only their owner may read, written whole or not at all. */
import { chmod, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Makes the folder with mode 0700, or tightens the one that is there. */
export async function makePrivateFolder(folder: string): Promise<void> {
  await makeFolder(folder);
  await chmod(folder, 0o700);
}
/** Makes the folder, with its parents, with mode 0700 where it is not there yet. Node's own recursive mkdir tries for ever where a filesystem takes no folders (/proc). */
export async function makeFolder(folder: string): Promise<void> {
  const make = () =>
    mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  await make().catch(async (error: NodeJS.ErrnoException) => {
    const parent = dirname(folder);
    if (error.code !== "ENOENT" || parent === folder || (await isThere(parent))) throw error;
    await makeFolder(parent);
    await make();
  });
}

/** The file's text, or undefined when there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes beside the file, syncs, renames over it and syncs the folder; mode 0600. */
export async function writeAtomically(file: string, content: string): Promise<void> {
  // Unlike any other name, without loading node:crypto into a process that needs nothing else of it.
  const beside = `${file}.${process.pid}-${process.hrtime.bigint()}.tmp`;
  try {
    const handle = await open(beside, "wx", 0o600);
    try {
      await handle.writeFile(content);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
}
/** Returns when names made, changed and removed in the folder are on the disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Whether there is a file or folder of that name. */
export async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/** Removes a folder with all that is in it; gone already is success. One that may not be removed itself (a mount point) is left empty. */
export async function removeFolder(folder: string): Promise<void> {
  for (const name of await listIfThere(folder)) await rm(join(folder, name), { recursive: true, force: true, maxRetries: 5 });
  await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (!["ENOENT", "EACCES", "EPERM", "EBUSY"].includes(error.code ?? "")) throw error;
  });
}

/** Names in a folder; none when it is not there. */
export async function listIfThere(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
/** The number of the user whose file it is; undefined when there is none, or none that may be seen. */
export async function ownerOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    s => s.uid,
    () => undefined,
  );
}
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  ENOENT: "its place takes no folders",
  EPERM: "not permitted",
  EROFS: "its filesystem is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENOTDIR: "a part of the path is no directory",
  ENAMETOOLONG: "the path is too long",
  EISDIR: "a directory is where a file should be",
};
/** What the system refused, in words for a person; undefined for errors of another kind. */
export function systemReason(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? undefined : REASONS[code];
}
