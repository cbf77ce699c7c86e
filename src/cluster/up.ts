/** `cox up`, put together from every room: the one place where ports meet the machine. */

import { MASTERS } from "#apiserver/auth/users.ts";
import type { Handler } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import { serviceUnavailable } from "#base/status.ts";
import { component, createControlPlane } from "#cluster/controlplane.ts";
import type { Layout } from "#cluster/layout.ts";
import { addressIn, type NamedOptions } from "#cluster/options.ts";
import { KUBERNETES_VERSION } from "#cluster/version.ts";
import { nodeAddress } from "#host/address.ts";
import { useBuffer } from "#host/bytes.ts";
import { hostChance } from "#host/chance.ts";
import { hostClock } from "#host/clock.ts";
import { startContainerd } from "#host/containerd.ts";
import { hostCrypto } from "#host/crypto.ts";
import { hostGzip } from "#host/gzip.ts";
import { fileLog, streamLog } from "#host/log.ts";
import { outward } from "#host/outward.ts";
import { ensurePackages, nodePackages } from "#host/packages.ts";
import { ensurePki } from "#host/pki.ts";
import { readRunFile, writeRunFile } from "#host/runfile.ts";
import { serveHttps } from "#host/server.ts";
import { openStore } from "#host/store.ts";
import { terminal } from "#host/terminal.ts";

export interface RunningCluster {
  /** Ends kubelet, loops and server; containers, addresses and names go on. */
  stop(): Promise<void>;
}

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
  const packages = await ensurePackages(nodePackages, progress);
  if (!packages.ok) throw new Error(packages.reason);
  const runtime = startContainerd({ dataDir: layout.dataDir, log });
  // Awaited later; until then a failure must not end the process.
  runtime.catch(() => undefined);
  const store = await openStore(layout.store);
  const closers: (() => Promise<void> | void)[] = [() => store.close()];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  let kubelet: Handler | undefined;
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
      gzip: hostGzip,
      connect: {
        kubeletOf: nodeName => {
          if (!kubelet || nodeName !== options.nodeName) throw serviceUnavailable(`the kubelet of node "${nodeName}" cannot be reached`);
          const handle = kubelet;
          return request => handle({ ...request, identity: component("kube-apiserver", MASTERS) });
        },
        addressOf: outward,
      },
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
    await writeRunFile(layout.run, { address: server, version: KUBERNETES_VERSION, nodeName: options.nodeName });
    progress(`the API is ready at ${server}`);
    // What only the node needs is read once the API answers.
    const nodeModule = import("#cluster/node.ts");
    await plane.start();
    const containerd = await runtime;
    progress(`containerd ${containerd.version} is ready${containerd.adopted ? ", as it was" : ""}`);
    const { startNode } = await nodeModule;
    const node = await startNode({ layout, options, address, plane, pki, containerd, log });
    kubelet = node.kubelet;
    closers.push(() => node.stop());
    await node.ready;
    progress(`node ${options.nodeName} is Ready`);
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs until the person or the system asks it to end; resolves when it is ready. */
export async function runUntilEnded(
  layout: Layout,
  options: NamedOptions,
  progress: (line: string) => void,
  background: boolean,
): Promise<void> {
  const cluster = await runCluster(layout, options, progress, background);
  terminal.onEnd(() => {
    cluster.stop().then(
      () => terminal.exit(0),
      (error: Error) => {
        progress(`the end was not clean: ${error.message}`);
        terminal.exit(1);
      },
    );
  });
}
