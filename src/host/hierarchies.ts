/** The machine's cgroup hierarchies: version 2 alone, version 1, or both. */
import { access, mkdir, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { run } from "./command.ts";
import { mountTable } from "./mounttable.ts";

/** Mount points of every cgroup hierarchy. */
export async function cgroupHierarchies(): Promise<{ path: string; version: 1 | 2; controllers: readonly string[] }[]> {
  const mounts = (await mountTable()).filter(m => m.type === "cgroup" || m.type === "cgroup2");
  return Promise.all(
    mounts.map(async m => ({
      path: m.path,
      version: m.type === "cgroup2" ? (2 as const) : (1 as const),
      controllers:
        m.type === "cgroup2"
          ? (await readFile(`${m.path}/cgroup.controllers`, "utf8").catch(() => "")).trim().split(" ").filter(Boolean)
          : m.options.filter(o => o !== "rw" && o !== "ro"),
    })),
  );
}

/** Who relies on the hierarchy that freeHybridControllers mounts: a file a cluster. Gone after a reboot, as the mount is. */
const USERS = "/run/cox-hugetlb";

/**
 * crun refuses to work where version 1 is in use and version 2 still holds controllers. The only one found there is
 * hugetlb: it gets a version 1 hierarchy of its own. `user` names the cluster that needs it.
 */
export async function freeHybridControllers(user: string): Promise<void> {
  const version2 = await hybridWithHugetlb();
  if (version2 !== undefined) {
    const target = `${version2.slice(0, version2.lastIndexOf("/"))}/hugetlb`;
    await mkdir(target, { recursive: true });
    const mounted = await run("mount", ["-t", "cgroup", "-o", "hugetlb", "cgroup", target]);
    // Another cluster may have been a moment faster.
    if (mounted.code !== 0 && (await hybridWithHugetlb()) !== undefined) {
      throw new Error(`crun needs the hugetlb controller in a hierarchy of its own: ${mounted.stderr.trim()}`);
    }
    await mkdir(USERS, { recursive: true });
  }
  // Without the directory the machine has it so by itself.
  await writeFile(`${USERS}/${user}`, "").catch(() => {});
}
/** Where version 2 is mounted, if it holds hugetlb beside version 1's hierarchies. */
async function hybridWithHugetlb(): Promise<string | undefined> {
  const all = await cgroupHierarchies();
  if (!all.some(h => h.version === 1)) return undefined;
  return all.find(h => h.version === 2 && h.controllers.includes("hugetlb"))?.path;
}
/** Takes the hierarchy away again when its last user goes. */
export async function returnHybridControllers(user: string): Promise<void> {
  const users = await readdir(USERS).catch(() => [] as string[]);
  if (!users.includes(user)) return;
  await rm(`${USERS}/${user}`, { force: true });
  if (users.length > 1) return;
  await rmdir(USERS);
  const target = (await cgroupHierarchies()).find(h => h.version === 1 && h.controllers.includes("hugetlb"))?.path;
  if (target === undefined) return;
  for (const entry of await readdir(target, { withFileTypes: true })) if (entry.isDirectory()) await removeTree(`${target}/${entry.name}`);
  await run("umount", [target]);
  await rmdir(target).catch(() => {});
}

/** Removes the cgroup `name` (a path from each hierarchy's root) and all below it, in every hierarchy. Its processes must be gone. */
export async function removeCgroup(name: string): Promise<void> {
  for (const { path } of await cgroupHierarchies()) await removeTree(`${path}/${name.replace(/^\/+/, "")}`);
}
async function removeTree(directory: string): Promise<void> {
  const there = await access(directory).then(
    () => true,
    () => false,
  );
  if (!there) return;
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await removeTree(`${directory}/${entry.name}`);
  }
  await rmdir(directory).catch(() => {});
}
