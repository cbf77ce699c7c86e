/** The machine's cgroup hierarchies: version 2 alone, version 1, or both. */
import { access, mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
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

/**
 * crun refuses to work where version 1 is in use and version 2 still holds controllers. The only one found there is
 * hugetlb: it gets a version 1 hierarchy of its own. `marker` remembers that this was done here.
 */
export async function freeHybridControllers(marker: string): Promise<void> {
  const all = await cgroupHierarchies();
  const two = all.find(h => h.version === 2);
  if (two === undefined || !all.some(h => h.version === 1) || !two.controllers.includes("hugetlb")) return;
  const base = two.path.slice(0, two.path.lastIndexOf("/"));
  const target = `${base}/hugetlb`;
  await mkdir(target, { recursive: true });
  const result = await run("mount", ["-t", "cgroup", "-o", "hugetlb", "cgroup", target]);
  if (result.code !== 0) throw new Error(`crun needs the hugetlb controller in a hierarchy of its own: ${result.stderr.trim()}`);
  await writeFile(marker, target);
}
/** Takes the hierarchy away again, unless someone uses it meanwhile. */
export async function returnHybridControllers(marker: string): Promise<void> {
  const target = await readFile(marker, "utf8").catch(() => undefined);
  if (target === undefined) return;
  const children = (await readdir(target, { withFileTypes: true }).catch(() => [])).filter(entry => entry.isDirectory());
  if (children.length > 0) return;
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
