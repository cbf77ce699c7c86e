import { readFile } from "node:fs/promises";
import { run } from "./command.ts";

export interface MountPoint {
  readonly path: string;
  readonly type: string;
  /** The file system's own options, e.g. the controllers of a cgroup hierarchy. */
  readonly options: readonly string[];
  readonly shared: boolean;
}
/** The mount table of this process (proc_pid_mountinfo(5)). */
export async function mountTable(): Promise<MountPoint[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return lines.filter(Boolean).map(line => {
    const [left, right] = line.split(" - ") as [string, string];
    const fields = left.split(" ");
    const [type, , options] = right.split(" ");
    const path = fields[4]!.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    return { path, type: type!, options: options?.split(",") ?? [], shared: fields.slice(6).some(f => f.startsWith("shared:")) };
  });
}
/** Unmounts everything at and below `directory`, innermost first. */
export async function unmountBelow(directory: string): Promise<void> {
  for (let round = 0; round < 3; round++) {
    const there = (await mountTable()).filter(m => m.path === directory || m.path.startsWith(`${directory}/`));
    if (there.length === 0) return;
    for (const mount of there.reverse()) {
      const result = await run("umount", [mount.path]);
      if (result.code !== 0) await run("umount", ["-l", mount.path]);
    }
  }
}
