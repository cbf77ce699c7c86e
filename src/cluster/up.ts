/** `cox up`, put together from every room: the one place where ports meet the machine. */

import { MASTERS } from "#apiserver/auth/users.ts";
import type { Log } from "#base/log.ts";
import { component, createControlPlane } from "#cluster/controlplane.ts";
import { openDatastore } from "#cluster/datastore.ts";
import { farKubelet } from "#cluster/kubelets.ts";
import type { Layout } from "#cluster/layout.ts";
import { migratePath } from "#cluster/migratepath.ts";
import { beginContainerd, type NodesParts, type RunningNodes, SIMULATED_HOST, startNodes } from "#cluster/nodes.ts";
import { type NamedOptions, retentionOf } from "#cluster/options.ts";
import { addressIn } from "#cluster/ranges.ts";
import { scheduleSnapshots } from "#cluster/scheduled.ts";
import { keyFile } from "#cluster/sealing.ts";
import { adoptKeys, publishKeys } from "#cluster/sharedkeys.ts";
import { snapshotPath } from "#cluster/snapshotpath.ts";
import { KUBERNETES_VERSION } from "#cluster/version.ts";
import { nodeAddress } from "#host/address.ts";
import { useBuffer } from "#host/bytes.ts";
import { hostChance } from "#host/chance.ts";
import { hostCiphers } from "#host/cipher.ts";
import { hostClock } from "#host/clock.ts";
import { hostCrypto } from "#host/crypto.ts";
import { hostGzip } from "#host/gzip.ts";
import { freeWhenIdle, processHeap } from "#host/idle.ts";
import { fileLog, streamLog } from "#host/log.ts";
import { outward } from "#host/outward.ts";
import { ensurePki, type Pki } from "#host/pki.ts";
import { makePrivateFolder } from "#host/privatefiles.ts";
import { writeRunFile } from "#host/runfile.ts";
import { serveHttps } from "#host/server.ts";
import { terminal } from "#host/terminal.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { fenced } from "#snapshot/fence.ts";
import type { Store } from "#store/contract.ts";

/** For how long a start waits for its nodes. */
const PATIENCE_MS = 120_000;
const NO_ADDRESS =
  "this machine has no address but loopback's, so its pods could not reach the API: give it one (ip address add 192.168.255.1/32 dev lo will do)";

export interface RunningCluster {
  /** Ends kubelet, loops and server; containers, addresses and names go on. */
  stop(): Promise<void>;
}

/** Starts everything; resolves when the API is ready and the nodes are. `background`: the log goes to its file. */
export async function runCluster(
  layout: Layout,
  options: NamedOptions,
  progress: (line: string) => void,
  background: boolean,
  ending: AbortSignal,
): Promise<RunningCluster> {
  useBuffer();
  const log: Log = background ? fileLog(layout.log) : streamLog();
  const address = nodeAddress() ?? (options.simulated ? SIMULATED_HOST : undefined);
  if (!address) throw new Error(NO_ADDRESS);
  const server = `https://127.0.0.1:${options.port}`;
  const stages = options.stages ? await (await import("#cluster/stagefiles.ts")).readStages(options.stages) : undefined;
  // Looking at the machine runs programs, so the store is read meanwhile.
  const begun = options.simulated ? undefined : beginContainerd(layout, options, progress, log);
  begun?.catch(() => undefined);
  const { store: opened, close: closeStore } = await openDatastore(layout, options, log);
  const fence = fenced(opened);
  const { store } = fence;
  const closers: (() => Promise<void> | void)[] = [closeStore, freeWhenIdle(processHeap(hostClock))];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  let nodes: RunningNodes | undefined;
  try {
    const pki = await keysFor(store, layout, options, address, server, progress);
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
      ...(options.datastoreEndpoint !== undefined && { candidate: `${options.nodeName}-${options.id}` }),
      address,
      port: options.port,
      platform: terminal.goPlatform,
      gzip: hostGzip,
      retention: retentionOf(options),
      sealing: { file: sealingKeys(layout, options), ciphers: hostCiphers },
      paths: [
        snapshotPath(async function* () {
          const { snapshotOf } = await import("#cluster/snapshots.ts");
          yield* snapshotOf(store, layout.dataDir);
        }),
        migratePath(async function* (target) {
          const { migrating } = await import("#cluster/migrate.ts");
          yield* migrating({ from: store, fence, layout, log }, target);
        }),
      ],
      connect: {
        kubeletOf: async nodeName => {
          const handle = nodes?.kubeletOf(nodeName);
          if (!handle) return farKubelet(nodeName, await lookUp(nodeName), pki);
          return request => handle({ ...request, identity: component("kube-apiserver", MASTERS) });
        },
        addressOf: outward,
      },
    });
    closers.push(() => plane.stop());
    const reader = plane.clientAs(component("kube-apiserver", MASTERS), "kube-apiserver");
    const lookUp = (nodeName: string) => reader.get(Node, nodeName).catch(() => undefined);
    closers.push(scheduleSnapshots(layout, options, store, log));
    const runtime = await begun;
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
    // What only nodes need is read once the API answers.
    const modules = options.stages
      ? import("#cluster/staged.ts")
      : options.simulated
        ? import("#cluster/simulated.ts")
        : import("#cluster/node.ts");
    modules.catch(() => undefined);
    await plane.start();
    const parts: NodesParts = { layout, options, address, plane, pki, log, progress, stages };
    nodes = await startNodes(parts, runtime);
    closers.push(() => nodes?.stop());
    const inTime = await unlessEnded(soonEnough(nodes.ready), ending);
    progress(
      inTime
        ? nodes.says
        : `not every node is Ready after ${PATIENCE_MS / 1000} s ("cox status" and kubectl describe node say why); it goes on trying`,
    );
    // What clients will ask for is read now that nobody waits: later the files may be another version's.
    Promise.all([import("#apiserver/openapi.ts"), import("#kubelet/server.ts"), import("#cluster/why.ts")]).catch(() => undefined);
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const sealingKeys = (layout: Layout, options: NamedOptions) =>
  keyFile(layout.pki, options.encryptionProviderConfig, hostChance, options.datastoreEndpoint !== undefined);

/** The cluster's keys: this machine's own, or on an etcd those that its control planes share. */
async function keysFor(
  store: Store,
  layout: Layout,
  options: NamedOptions,
  address: string,
  server: string,
  progress: (line: string) => void,
): Promise<Pki> {
  const shared = options.datastoreEndpoint !== undefined;
  await makePrivateFolder(layout.pki);
  const adopted = shared && (await adoptKeys(store, layout, options));
  const names = {
    nodeName: options.nodeName,
    nodeAddresses: [address],
    clusterDomain: options.clusterDomain,
    serviceAddress: addressIn(options.serviceCidr, 1),
    server,
    kubeconfig: layout.kubeconfig,
  };
  const pki = await ensurePki(layout.pki, names, hostClock.now());
  if (shared && !adopted) await sealingKeys(layout, options).read();
  if (!shared || adopted || (await publishKeys(store, layout, options, progress))) return pki;
  // of two that started at once the other was faster: what was made a moment ago has signed nothing yet
  await adoptKeys(store, layout, options, pki.made.includes("ca.key"));
  return ensurePki(layout.pki, names, hostClock.now());
}

/** Whether the work was done before the person's patience would end. */
function soonEnough(work: Promise<void>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const cancel = hostClock.after(PATIENCE_MS, () => resolve(false));
  return Promise.race([work.then(() => true), promise]).finally(cancel);
}
function unlessEnded<T>(work: Promise<T>, ending: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<T>();
  ending.addEventListener("abort", () => reject(new Error("it was ended before it was ready")), { once: true });
  return Promise.race([work, promise]);
}

/** Runs until the person or the system asks it to end, also while it starts; resolves when it is ready. */
export async function runUntilEnded(
  layout: Layout,
  options: NamedOptions,
  progress: (line: string) => void,
  background: boolean,
): Promise<void> {
  const ending = new AbortController();
  const starting = runCluster(layout, options, progress, background, ending.signal);
  terminal.onEnd(() => {
    ending.abort();
    progress("stopping");
    starting
      // a start that did not come to its end has cleared up itself
      .then(
        cluster => cluster.stop(),
        () => undefined,
      )
      .then(
        () => terminal.exit(0),
        (error: Error) => {
          progress(`the end was not clean: ${error.message}`);
          terminal.exit(1);
        },
      );
  });
  await starting.catch(error => {
    if (!ending.signal.aborted) throw error;
    // the exit is on its way
    return new Promise(() => undefined);
  });
}
