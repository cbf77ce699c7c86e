/** `cox reset`: everything that a cluster made on this machine goes, in the reverse order of its making. */
import type { Layout } from "#cluster/layout.ts";
import { machineNames } from "#cluster/names.ts";
import { OptionError } from "#cluster/optionerror.ts";
import { readSettled } from "#cluster/prepare.ts";
import { destroyContainerd } from "#host/containerd.ts";
import { removeGuard } from "#host/guard.ts";
import { removeCgroup } from "#host/hierarchies.ts";
import { streamLog } from "#host/log.ts";
import { unmountBelow } from "#host/mounttable.ts";
import { nftRules } from "#host/nft.ts";
import { listIfThere, removeFolder } from "#host/privatefiles.ts";
import { endRun, readRunFile } from "#host/runfile.ts";
import { terminal } from "#host/terminal.ts";

const PATIENCE_MS = 30_000;

export async function resetCluster(layout: Layout, progress: (line: string) => void): Promise<void> {
  const settled = await readSettled(layout);
  if (!settled) {
    if ((await listIfThere(layout.dataDir)).length > 0) throw new OptionError(`${layout.dataDir} holds no cluster: nothing was removed`);
    return;
  }
  if (settled.simulated === false && !terminal.isRoot)
    throw new OptionError(`the cluster in ${layout.dataDir} has real containers: removing it needs root`);
  const run = readRunFile(layout.run);
  if (run) {
    progress("stopping the control plane");
    await endRun(run, PATIENCE_MS);
  }
  if (settled.simulated !== true && terminal.isRoot) await clearMachine(layout, settled.id, progress);
  progress("removing the data");
  await removeFolder(layout.dataDir);
}

/** What real nodes made outside the data directory, or mounted in it. */
async function clearMachine(layout: Layout, id: string, progress: (line: string) => void): Promise<void> {
  const dns = readRunFile(layout.dnsRun);
  if (dns) await endRun(dns, PATIENCE_MS);
  progress("removing pods and their runtime");
  await destroyContainerd(layout.dataDir, streamLog(2));
  const names = machineNames(id);
  await removeCgroup(names.cgroupRoot);
  const rules = nftRules();
  if (await rules.exists(names.table)) await rules.remove(names.table);
  await removeGuard(id);
  // The data directory may be a disk of its own, which is not ours to unmount.
  await unmountBelow(layout.kubelet);
}
