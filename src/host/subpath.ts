/**
 * Mounts one part of a volume so that no symbolic link leads out of it, neither now nor by a change made in between: each step of
 * the path is opened below the one before, links are refused, and what was opened is what is mounted (CVE-2017-1002101).
 */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, realpath, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { must, run } from "./command.ts";
import { mountTable } from "./mounttable.ts";

/** Linux's O_PATH: a handle on the place alone; Node has no name for it. */
const O_PATH = 0o10000000;
const missing = (error: unknown) => (error as NodeJS.ErrnoException).code === "ENOENT";

/** Binds `subPath` of `volume` to `target`; makes directories where nothing is. Resolves with `target`. */
export async function bindInside(volume: string, subPath: string, target: string): Promise<string> {
  const root = await realpath(volume);
  const { real, rest } = await resolved(path.join(root, subPath));
  if (real !== root && !real.startsWith(`${root}/`)) throw new Error(`subpath "${real}" not within volume path "${root}"`);
  const handle = await walk(root, path.relative(root, real).split("/").filter(Boolean), rest);
  try {
    const directory = (await handle.stat()).isDirectory();
    if ((await mountTable()).some(m => m.path === target)) await run("umount", [target]);
    await mkdir(directory ? target : path.dirname(target), { recursive: true, mode: 0o750 });
    if (!directory) await writeFile(target, "", { mode: 0o640 });
    await must(`cannot mount ${subPath} of the volume`, "mount", [
      "--no-canonicalize",
      "--bind",
      `/proc/${process.pid}/fd/${handle.fd}`,
      target,
    ]);
    return target;
  } finally {
    await handle.close();
  }
}

/** The part of a path that is there, with its links followed, and the names that are still to be made. */
async function resolved(wanted: string): Promise<{ real: string; rest: string[] }> {
  const rest: string[] = [];
  for (let at = wanted; ; at = path.dirname(at)) {
    try {
      return { real: await realpath(at), rest };
    } catch (error) {
      if (!missing(error)) throw error;
      rest.unshift(path.basename(at));
    }
  }
}
async function walk(root: string, names: readonly string[], toMake: readonly string[]): Promise<FileHandle> {
  const mode = (await stat(root)).mode & 0o7777;
  let handle = await open(root, O_PATH | constants.O_NOFOLLOW | constants.O_DIRECTORY);
  for (const [i, name] of [...names, ...toMake].entries()) {
    try {
      const at = `/proc/self/fd/${handle.fd}/${name}`;
      if (i >= names.length) await mkdir(at, { mode }).catch(ignoreExisting);
      const next = await open(at, O_PATH | constants.O_NOFOLLOW);
      const facts = await next.stat();
      if (facts.isSymbolicLink()) {
        await next.close();
        throw new Error(`subpath "${[...names, ...toMake].join("/")}" changed into a symbolic link while it was opened`);
      }
      await handle.close();
      handle = next;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
  return handle;
}
function ignoreExisting(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
}
