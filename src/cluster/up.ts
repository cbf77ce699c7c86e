/** `cox up`, put together from every room: the one place where ports meet the machine. */
import type { Log } from "#base/log.ts";
import { createControlPlane } from "#cluster/controlplane.ts";
import type { Layout } from "#cluster/layout.ts";
import { addressIn, type ClusterOptions } from "#cluster/options.ts";
import { KUBERNETES_VERSION } from "#cluster/version.ts";
import { nodeAddress } from "#host/address.ts";
import { useBuffer } from "#host/bytes.ts";
import { hostChance } from "#host/chance.ts";
import { hostClock } from "#host/clock.ts";
import { hostCrypto } from "#host/crypto.ts";
import { fileLog, streamLog } from "#host/log.ts";
import { ensurePki } from "#host/pki.ts";
import { readRunFile, writeRunFile } from "#host/runfile.ts";
import { serveHttps } from "#host/server.ts";
import { openStore } from "#host/store.ts";
import { terminal } from "#host/terminal.ts";

export interface RunningCluster {
  /** Ends kubelet, loops and server; containers, addresses and names go on. */
  stop(): Promise<void>;
}
export type NamedOptions = ClusterOptions & { readonly id: string };

/** Starts everything; resolves when the API is ready and the node is. `background`: the log goes to its file. */
export async function runCluster(
  layout: Layout,
  options: NamedOptions,
  progress: (line: string) => void,
  background: boolean,
): Promise<RunningCluster> {
  useBuffer();
  const other = readRunFile(layout.run);
  if (other) throw new Error(`a cluster runs on ${layout.dataDir} already (process ${other.pid}): stop it with "cox down"`);
  const log: Log = background ? fileLog(layout.log) : streamLog();
  const address = nodeAddress();
  const server = `https://127.0.0.1:${options.port}`;
  const store = await openStore(layout.store);
  const closers: (() => Promise<void> | void)[] = [() => store.close()];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const pki = await ensurePki(
      layout.pki,
      {
        nodeName: options.nodeName,
        nodeAddresses: [address],
        clusterDomain: options.clusterDomain,
        serviceAddress: addressIn(options.serviceCidr, 1),
        server,
        kubeconfig: layout.kubeconfig,
      },
      hostClock.now(),
    );
    const plane = await createControlPlane({
      store,
      clock: hostClock,
      chance: hostChance,
      log,
      signer: hostCrypto.signer(pki.serviceAccount.privateKey),
      clusterDomain: options.clusterDomain,
      clusterCidr: options.clusterCidr,
      serviceCidr: options.serviceCidr,
      rootCa: pki.ca,
      address,
      port: options.port,
      platform: terminal.goPlatform,
    });
    closers.push(() => plane.stop());
    const https = await serveHttps({
      handler: plane.apiserver.handle,
      port: options.port,
      host: "::",
      cert: pki.apiserver.certificate,
      key: pki.apiserver.key,
      clientCa: pki.ca,
      log,
    });
    closers.push(() => https.close());
    await plane.start();
    await writeRunFile(layout.run, { address: server, version: KUBERNETES_VERSION, nodeName: options.nodeName });
    progress(`the API is ready at ${server}`);
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
