/** The kubelet's directories and mounts on a Linux machine. */
import {
  chmod,
  chown,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  statfs,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import path from "node:path";
import type { Disk, HostPathType, PayloadFile } from "#kubelet/ports.ts";
import { must } from "./command.ts";
import { mountTable, unmountBelow } from "./mounttable.ts";
import { bindInside } from "./subpath.ts";

const DATA = "..data";
const SETGID = 0o2000;
/** What a group gets of files and, beside, of directories. */
const READ_WRITE = 0o660;
const READ_ONLY = 0o440;
const EXECUTE = 0o110;

const missing = (error: unknown) => (error as NodeJS.ErrnoException).code === "ENOENT";
async function there<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (missing(error)) return undefined;
    throw error;
  }
}
const isMounted = async (at: string) => (await mountTable()).some(m => m.path === at);

/** `privileged`: mounts may be made; without, what would be mounted is a plain directory. */
export function hostDisk({ privileged }: { readonly privileged: boolean }): Disk {
  return {
    async prepare(root, memory) {
      await mkdir(root, { recursive: true, mode: 0o755 });
      if (privileged) {
        // mounts that containers make below are seen by each other and by the node
        const own = (await mountTable()).find(m => m.path === root);
        if (!own) await must(`cannot mount ${root}`, "mount", ["--bind", root, root]);
        if (!own?.shared) await must(`cannot share the mounts of ${root}`, "mount", ["--make-rshared", root]);
      }
      await mkdir(memory, { recursive: true, mode: 0o700 });
      if (privileged && !(await isMounted(memory)))
        await must(`cannot mount ${memory}`, "mount", ["-t", "tmpfs", "-o", "mode=0700,nosuid,nodev", "tmpfs", memory]);
    },
    makeDirectory: makeDirectory,
    async mountTmpfs(at, size) {
      await makeDirectory(at, 0o777);
      if (!privileged || (await isMounted(at))) return;
      const options = ["mode=0777", ...(size === undefined ? [] : [`size=${size}`])].join(",");
      await must(`cannot mount ${at}`, "mount", ["-t", "tmpfs", "-o", options, "tmpfs", at]);
    },
    writePayload,
    async giveToGroup(directory, gid, onRootMismatch) {
      const root = await lstat(directory);
      const mask = READ_WRITE | EXECUTE | SETGID;
      if (onRootMismatch && root.gid === gid && (root.mode & mask) === mask) return;
      await give(directory, gid, READ_WRITE);
    },
    hostPath: checkHostPath,
    bindSubPath: bindInside,
    async writeFile(at, bytes, mode) {
      await mkdir(path.dirname(at), { recursive: true, mode: 0o750 });
      await writeFile(at, bytes);
      await chmod(at, mode);
    },
    async readTail(at, most) {
      const file = await there(open(at));
      if (!file) return undefined;
      try {
        const { size } = await file.stat();
        const from = Math.max(0, size - most);
        const buffer = new Uint8Array(Math.min(size, most));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
    list: async at => (await there(readdir(at))) ?? [],
    async remove(at) {
      if ((await there(lstat(at))) === undefined) return;
      await unmountBelow(at);
      await rm(at, { recursive: true, force: true });
    },
    async usage(at) {
      const { bsize, blocks, bavail, files, ffree } = await statfs(at);
      return { capacity: bsize * blocks, available: bsize * bavail, inodes: files, inodesFree: ffree };
    },
    size: sizeOf,
  };
}

/** A directory that is there keeps the mode it was given since. */
async function makeDirectory(at: string, mode: number): Promise<void> {
  const made = await mkdir(at, { recursive: true, mode: 0o750 });
  if (made !== undefined) await chmod(at, mode);
}

/**
 * The files lie in a directory of their own, to which the link `..data` points; a new version is made beside it and takes over
 * by one rename, so that readers see the old or the new whole (upstream's AtomicWriter).
 */
async function writePayload(directory: string, files: readonly PayloadFile[], fsGroup: number | undefined): Promise<boolean> {
  await makeDirectory(directory, 0o777);
  const link = path.join(directory, DATA);
  const old = await there(readlink(link));
  if (old !== undefined && (await holds(path.join(directory, old), files, fsGroup))) return false;
  const version = `..${new Date().toISOString().replace(/[-:T]/g, "_").replace("Z", "")}${process.hrtime.bigint() % 1_000_000n}`;
  const at = path.join(directory, version);
  await mkdir(at, { mode: 0o755 });
  await chmod(at, 0o755);
  for (const file of files) {
    const target = path.join(at, file.path);
    if (!target.startsWith(`${at}/`)) throw new Error(`invalid path ${JSON.stringify(file.path)}: it leads out of the volume`);
    await mkdir(path.dirname(target), { recursive: true, mode: 0o755 });
    await writeFile(target, file.bytes);
    await chmod(target, file.mode);
    if (file.uid !== undefined) await chown(target, file.uid, -1);
  }
  if (fsGroup !== undefined) {
    await give(at, fsGroup, READ_ONLY);
    await giveOne(directory, fsGroup, READ_ONLY);
  }
  const fresh = path.join(directory, "..data_tmp");
  await rm(fresh, { force: true });
  await symlink(version, fresh);
  await rename(fresh, link);
  // names at the top point through ..data; those that no file has any more go
  const names = new Set(files.map(f => f.path.split("/")[0]!));
  for (const name of await readdir(directory)) {
    if (name.startsWith("..") || names.has(name)) continue;
    await unlink(path.join(directory, name));
  }
  for (const name of names) {
    const visible = path.join(directory, name);
    if ((await there(readlink(visible))) === undefined) await symlink(path.join(DATA, name), visible);
  }
  for (const name of await readdir(directory)) {
    if (name.startsWith("..") && name !== DATA && name !== version) await rm(path.join(directory, name), { recursive: true, force: true });
  }
  return true;
}
/** Whether a version holds exactly these files. */
async function holds(at: string, files: readonly PayloadFile[], fsGroup: number | undefined): Promise<boolean> {
  const found = await there(readdir(at, { recursive: true, withFileTypes: true }));
  if (!found || found.filter(e => e.isFile()).length !== files.length) return false;
  for (const file of files) {
    const target = path.join(at, file.path);
    const [facts, bytes] = await Promise.all([there(stat(target)), there(readFile(target))]);
    const mode = fsGroup === undefined ? file.mode : file.mode | READ_ONLY;
    if (!facts || !bytes || (facts.mode & 0o777) !== mode || !bytes.equals(file.bytes)) return false;
  }
  return true;
}

async function give(at: string, gid: number, mask: number): Promise<void> {
  await giveOne(at, gid, mask);
  for (const entry of await readdir(at, { withFileTypes: true })) {
    const inner = path.join(at, entry.name);
    if (entry.isDirectory()) await give(inner, gid, mask);
    else if (!entry.isSymbolicLink()) await giveOne(inner, gid, mask);
  }
}
async function giveOne(at: string, gid: number, mask: number): Promise<void> {
  const facts = await lstat(at);
  const more = facts.isDirectory() ? mask | EXECUTE | SETGID : mask;
  await chown(at, facts.uid, gid);
  await chmod(at, (facts.mode & 0o7777) | more);
}

/** Upstream's sentences for a hostPath that is not what its type says. */
async function checkHostPath(at: string, type: HostPathType): Promise<void> {
  if (type === "") return;
  if (type === "DirectoryOrCreate" && !(await there(stat(at)))) await mkdir(at, { recursive: true, mode: 0o755 });
  if (type === "FileOrCreate" && !(await there(stat(at)))) await writeFile(at, "", { mode: 0o644 });
  const facts = await there(stat(at));
  const is = {
    DirectoryOrCreate: ["directory", facts?.isDirectory()],
    Directory: ["directory", facts?.isDirectory()],
    FileOrCreate: ["file", facts?.isFile()],
    File: ["file", facts?.isFile()],
    Socket: ["socket file", facts?.isSocket()],
    CharDevice: ["character device", facts?.isCharacterDevice()],
    BlockDevice: ["block device", facts?.isBlockDevice()],
  } as const;
  const [what, holdsTrue] = is[type];
  if (!holdsTrue) throw new Error(`hostPath type check failed: ${at} is not a ${what}`);
}

async function sizeOf(at: string): Promise<number> {
  let sum = 0;
  for (const entry of (await there(readdir(at, { withFileTypes: true }))) ?? []) {
    const inner = path.join(at, entry.name);
    sum += entry.isDirectory() ? await sizeOf(inner) : ((await there(lstat(inner)))?.blocks ?? 0) * 512;
  }
  return sum;
}
