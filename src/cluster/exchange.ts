/** One store takes the place of another, wholly or not at all. */
import { formatTime } from "#base/time.ts";
import type { Layout } from "#cluster/layout.ts";
import { hostClock } from "#host/clock.ts";
import { hostFiles } from "#host/files.ts";
import { isThere, readIfThere, syncFolder, writeAtomically } from "#host/privatefiles.ts";

/**
 * The restored store takes the place of the other, which goes aside. What is to be done is written down first: should the machine stop
 * between the two renames, the next start does the rest.
 */
export async function exchange(layout: Layout): Promise<string | undefined> {
  const aside = (await isThere(layout.store)) ? asideOf(layout) : undefined;
  await writeAtomically(layout.restore, `${JSON.stringify({ aside })}\n`);
  await finishRestore(layout);
  return aside;
}
const asideOf = (layout: Layout) => `${layout.store}.before-${formatTime(hostClock.now()).replaceAll(/[-:]/g, "")}`;
/** The store goes aside, and none takes its place; where it is now. */
export async function setAside(layout: Layout): Promise<string> {
  const aside = asideOf(layout);
  await hostFiles.rename(layout.store, aside);
  await syncFolder(layout.dataDir);
  return aside;
}
/** Ends an exchange of stores that was begun; nothing where there was none. */
export async function finishRestore(layout: Layout): Promise<void> {
  const said = await readIfThere(layout.restore);
  if (said === undefined) return;
  const { aside } = JSON.parse(said) as { aside?: string };
  if (await isThere(layout.restoring)) {
    if (aside && !(await isThere(aside))) await hostFiles.rename(layout.store, aside);
    await hostFiles.rename(layout.restoring, layout.store);
  }
  await syncFolder(layout.dataDir);
  await hostFiles.remove(layout.restore);
  await syncFolder(layout.dataDir);
}
