/** `cox reset`: everything that a cluster made on this machine goes, in the reverse order of its making. */
import type { Layout } from "#cluster/layout.ts";
import { machineNames } from "#cluster/names.ts";
import { readSettled } from "#cluster/prepare.ts";
import { destroyContainerd } from "#host/containerd.ts";
import { removeGuard } from "#host/guard.ts";
import { removeCgroup } from "#host/hierarchies.ts";
import { streamLog } from "#host/log.ts";
import { unmountBelow } from "#host/mounttable.ts";
import { nftRules } from "#host/nft.ts";
import { removeFolder } from "#host/privatefiles.ts";
import { endRun, readRunFile } from "#host/runfile.ts";

const PATIENCE_MS = 30_000;

export async function resetCluster(layout: Layout, progress: (line: string) => void): Promise<void> {
  const run = readRunFile(layout.run);
  if (run) {
    progress("stopping the control plane");
    await endRun(run, PATIENCE_MS);
  }
  const dns = readRunFile(layout.dnsRun);
  if (dns) await endRun(dns, PATIENCE_MS);
  const settled = await readSettled(layout);
  progress("removing pods and their runtime");
  await destroyContainerd(layout.dataDir, streamLog(2));
  if (settled) {
    const names = machineNames(settled.id);
    await removeCgroup(names.cgroupRoot);
    const rules = nftRules();
    if (await rules.exists(names.table)) await rules.remove(names.table);
    await removeGuard(settled.id);
  }
  progress("removing the data");
  await unmountBelow(layout.dataDir);
  await removeFolder(layout.dataDir);
}
