import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { Log } from "#base/log.ts";
import { silentLog } from "#base/log.ts";
import { formatTime } from "#base/time.ts";
import { run } from "#client/testing.ts";
import { createControlPlane } from "#cluster/controlplane.ts";
import { hostChance } from "#host/chance.ts";
import { hostCrypto } from "#host/crypto.ts";
import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import { Event } from "#kinds/core/v1/event.ts";
import { Namespace } from "#kinds/core/v1/namespace.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { virtualClock } from "#sim/clock.ts";
import { memoryStore } from "#store/memory.ts";

test("every loop does its work with its own rights and no more", async () => {
  const refused: string[] = [];
  const note = (message: string, fields?: object) => {
    if (/forbidden|Forbidden/.test(JSON.stringify(fields ?? {}))) refused.push(`${message} ${JSON.stringify(fields)}`);
  };
  const log: Log = { ...silentLog, warn: note, error: note, with: () => log };
  const clock = virtualClock();
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const plane = await createControlPlane({
    store: memoryStore({ clock }),
    clock,
    chance: hostChance,
    log,
    signer: hostCrypto.signer(privateKey.export({ format: "pem", type: "pkcs8" }).toString()),
    clusterDomain: "cluster.local",
    clusterCidr: "10.244.0.0/16",
    serviceCidr: "10.96.0.0/16",
    address: "192.0.2.1",
    port: 6443,
    rootCa: "PEM",
    platform: "linux/amd64",
  });
  const started = plane.start();
  await run(clock, 5000);
  await started;
  const client = plane.clientAs({ name: "admin", groups: ["system:masters", "system:authenticated"] }, "test");
  const time = formatTime(clock.now() + 20_000);
  await client.create(Node, { metadata: { name: "n1" } });
  const capacity = { cpu: "4", memory: "8Gi", pods: "110" };
  const conditions = [{ type: "Ready", status: "True", lastHeartbeatTime: time, lastTransitionTime: time }];
  await client.patch(Node, "n1", "merge", { status: { capacity, allocatable: capacity, conditions } }, { subresource: "status" });
  await client.create(Namespace, { metadata: { name: "x" } });
  await run(clock, 5000);
  assert.equal((await client.get(ConfigMap, "kube-root-ca.crt", "x")).data?.["ca.crt"], "PEM");
  const template = { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "c", image: "i" }] } };
  await client.create(Deployment, {
    metadata: { name: "a", namespace: "x" },
    spec: { replicas: 2, selector: { matchLabels: { app: "a" } }, template },
  });
  await client.create(Service, { metadata: { name: "a", namespace: "x" }, spec: { selector: { app: "a" }, ports: [{ port: 80 }] } });
  await run(clock, 5000);
  assert.equal((await client.list(Pod, { namespace: "x" })).items.filter(p => p.spec.nodeName === "n1").length, 2);
  await client.patch(Deployment, "a", "merge", { spec: { replicas: 1 } }, { namespace: "x" });
  // the node falls silent: taints, pods not ready, and in the end evictions
  await run(clock, 400_000);
  assert.ok((await client.get(Node, "n1")).spec.taints?.some(t => t.effect === "NoExecute"));
  assert.ok((await client.list(Pod, { namespace: "x" })).items.some(p => p.metadata.deletionTimestamp));
  const told = new Set((await client.list(Event)).items.map(e => `${e.source.component} ${e.reason}`));
  for (const said of [
    "deployment-controller ScalingReplicaSet",
    "replicaset-controller SuccessfulCreate",
    "node-controller NodeNotReady",
    "taint-eviction-controller TaintManagerEviction",
  ])
    assert.ok(told.has(said), `${said} is among ${[...told].join(", ")}`);
  await client.delete(Node, "n1");
  await client.delete(Namespace, "x");
  await run(clock, 120_000);
  await assert.rejects(client.get(Namespace, "x"), /not found/);
  assert.deepEqual(refused, []);
  const stopped = plane.stop();
  await run(clock, 100);
  await stopped;
});
