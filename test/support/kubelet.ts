/** A kubelet over a test node's containers, as the node of a whole control plane in memory. */

import { generateKeyPairSync } from "node:crypto";
import { silentLog } from "#base/log.ts";
import type { Client } from "#client/client.ts";
import { component, createControlPlane } from "#cluster/controlplane.ts";
import { hostCgroups } from "#host/cgroups.ts";
import { hostChance } from "#host/chance.ts";
import { hostClock } from "#host/clock.ts";
import { hostCrypto } from "#host/crypto.ts";
import { hostMachine } from "#host/machine.ts";
import { hostLogFiles } from "#host/podlogs.ts";
import { hostProber } from "#host/probe.ts";
import { hostDisk } from "#host/volumes.ts";
import { createKubelet, type Kubelet } from "#kubelet/kubelet.ts";
import { NOTHING_RESERVED } from "#kubelet/node.ts";
import type { Machine } from "#kubelet/ports.ts";
import { evictionRules } from "#kubelet/thresholds.ts";
import { noStreams } from "#sim/machine.ts";
import { memoryStore } from "#store/memory.ts";
import { type TestNode, testNode } from "./node.ts";

export interface TestCluster {
  readonly node: TestNode;
  /** With all rights. */
  readonly client: Client;
  /** Bytes of memory that the machine says are available when it is asked next, in place of the truth. */
  availableMemory: number | undefined;
  /** Starts a kubelet; `end` stops it and leaves its containers. */
  startKubelet(): { readonly kubelet: Kubelet; end(): Promise<void> };
  remove(): Promise<void>;
}
export const NODE_NAME = "n1";

export async function testCluster(): Promise<TestCluster> {
  const node = await testNode();
  try {
    return await clusterOver(node);
  } catch (error) {
    await node.remove();
    throw error;
  }
}
async function clusterOver(node: TestNode): Promise<TestCluster> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const store = memoryStore({ clock: hostClock });
  const plane = await createControlPlane({
    store,
    clock: hostClock,
    chance: hostChance,
    log: silentLog,
    signer: hostCrypto.signer(privateKey.export({ format: "pem", type: "pkcs8" }).toString()),
    clusterDomain: "cluster.local",
    clusterCidr: node.podCidr,
    serviceCidr: "10.96.0.0/16",
    // for documentation (RFC 5737): nothing in these tests calls the API over the network
    address: "192.0.2.1",
    port: 6443,
    rootCa: "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    platform: "linux/amd64",
  });
  await plane.start();
  const client = plane.clientAs({ name: "admin", groups: ["system:masters", "system:authenticated"] }, "test");
  const kubelets = new Set<() => Promise<void>>();
  const root = `${node.dataDir}/kubelet`;
  const real = hostMachine();
  const machine: Machine = {
    ...real,
    async memory() {
      const memory = await real.memory();
      const { availableMemory: available = memory.available } = cluster;
      cluster.availableMemory = undefined;
      return { ...memory, available };
    },
  };

  function startKubelet() {
    const ending = new AbortController();
    const kubelet = createKubelet(
      {
        node: {
          name: NODE_NAME,
          labels: {},
          taints: [],
          addresses: [
            { type: "InternalIP", address: "127.0.0.1" },
            { type: "Hostname", address: NODE_NAME },
          ],
          port: 10250,
          maxPods: 110,
          providerId: "",
          version: "v1.36.3",
          reserved: NOTHING_RESERVED,
        },
        root,
        logs: `${node.dataDir}/logs`,
        cgroupRoot: `/cox-test-${node.id}`,
        seccompRoot: `${root}/seccomp`,
        dns: { domain: "cluster.local", servers: ["10.96.0.10"] },
        allowedUnsafeSysctls: [],
        podPidsLimit: undefined,
        keepImages: [],
        eviction: evictionRules(),
        imageThresholds: { high: 100, low: 100 },
      },
      {
        client: plane.clientAs(component(`node:${NODE_NAME}`, "system:nodes"), "kubelet"),
        clock: hostClock,
        chance: hostChance,
        log: silentLog,
        runtime: node.runtime,
        disk: hostDisk({ privileged: true }),
        logFiles: hostLogFiles,
        cgroups: hostCgroups(),
        machine,
        prober: hostProber,
        streams: noStreams,
      },
    );
    const done = kubelet.run(ending.signal);
    const end = async () => {
      kubelets.delete(end);
      ending.abort();
      await done;
    };
    kubelets.add(end);
    return { kubelet, end };
  }
  const cluster: TestCluster = {
    node,
    client,
    availableMemory: undefined,
    startKubelet,
    async remove() {
      for (const end of kubelets) await end();
      await plane.stop();
      await store.close();
      await hostDisk({ privileged: true }).remove(root);
      await node.remove();
    },
  };
  return cluster;
}
