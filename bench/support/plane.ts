/** A control plane whose loops are not started, over a store in memory, with nodes as upstream's benches have them. */
import { generateKeyPairSync } from "node:crypto";
import { seededChance } from "#base/chance.ts";
import { silentLog } from "#base/log.ts";
import type { Client } from "#client/client.ts";
import { type ControlPlane, createControlPlane } from "#cluster/controlplane.ts";
import { hostClock } from "#host/clock.ts";
import { hostCrypto } from "#host/crypto.ts";
import { Node } from "#kinds/core/v1/node.ts";
import type { Draft } from "#schema/notation.ts";
import { memoryStore } from "#store/memory.ts";

export const NAMESPACE = "default";
const ZONES = 10;
export const parts = { clock: hostClock, chance: seededChance(1), log: silentLog };

/** As upstream's: four cores, 32 GiB, 110 pods. */
export const node = (i: number): Draft<Node> => ({
  metadata: {
    name: `node-${i}`,
    labels: { "kubernetes.io/hostname": `node-${i}`, "topology.kubernetes.io/zone": `zone-${i % ZONES}` },
  },
  status: { allocatable: { cpu: "4", memory: "32Gi", pods: "110" }, capacity: { cpu: "4", memory: "32Gi", pods: "110" } },
});
export async function loadedPlane(nodes: number): Promise<{ plane: ControlPlane; admin: Client }> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256", privateKeyEncoding: { type: "pkcs8", format: "pem" } });
  const plane = await createControlPlane({
    ...parts,
    store: memoryStore({ clock: hostClock }),
    signer: hostCrypto.signer(privateKey as unknown as string),
    clusterDomain: "cluster.local",
    clusterCidr: "10.244.0.0/16",
    serviceCidr: "10.96.0.0/16",
    rootCa: "PEM",
    address: "192.0.2.1",
    port: 6443,
    platform: "linux/amd64",
  });
  const admin = plane.clientAs({ name: "admin", groups: ["system:masters", "system:authenticated"] }, "bench");
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: NAMESPACE } };
  const made = await admin.transport({
    method: "POST",
    url: `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`,
    headers: { "content-type": "application/json" },
    body: new TextEncoder().encode(JSON.stringify(account)),
  });
  if (made.status !== 201) throw new Error(`the service account was answered with ${made.status}`);
  for (let i = 0; i < nodes; i++) {
    const { metadata, status } = node(i);
    const created = await admin.create(Node, { metadata });
    // a new node is tainted until a controller has seen that it is ready
    const ready = await admin.update(Node, { ...created, spec: {} } as Node);
    await admin.update(Node, { ...ready, status: { ...ready.status, ...status } } as Node, { subresource: "status" });
  }
  return { plane, admin };
}
