/** `cox plan` against a cluster as `cox up` starts it, on simulated nodes: its Secrets are sealed in the store. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { type TestCluster, testCluster } from "../support/cluster.ts";
import { newestSession, type Session } from "../support/kubectl.ts";

let cluster: TestCluster;
let dataDir = "";
let k: Session;
before(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "cox plan é-"));
  cluster = await testCluster({ dataDir, flags: ["--simulated"], start: false });
  const { stdout } = await cluster.up();
  assert.ok(stdout.includes(`export KUBECONFIG="$(./cox kubeconfig --data-dir '${dataDir}')"`), "a line for a shell to take as it stands");
  k = await newestSession(cluster.kubeconfig);
});
after(async () => {
  await cluster.remove();
  await rm(dataDir, { recursive: true, force: true });
});

test("a cluster with a Secret and pods that mount it can be planned with", async () => {
  const web = (password: string, replicas: number) => `
{apiVersion: v1, kind: Secret, metadata: {name: login}, stringData: {password: ${password}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "shop/web:1", volumeMounts: [{name: login, mountPath: /login}]}]
      volumes: [{name: login, secret: {secretName: login}}]
`;
  const file = path.join(dataDir, "change of mind.yaml");
  await writeFile(file, web("wordone", 1));
  await k.out(["apply", "-f", file]);
  await k.out(["rollout", "status", "deployment/web", "--timeout=30s"]);
  const before = await k.out(["get", "deploy,rs,pod,secret", "-A", "-o", "yaml"]);
  await writeFile(file, web("wordtwo", 2));
  const planned = await cluster.cox(["plan", "-f", file]);
  assert.equal(planned.code, 0, planned.stderr);
  assert.match(planned.stdout, /^~ change {2}secret\/login -n default\n {4}\.data\.password: \*\*\* → \*\*\*$/m);
  assert.match(planned.stdout, /^\+ create {2}pod\/web-\S+ -n default {2}\(replicaset-controller: 1 of 2 pods exist\)$/m);
  assert.doesNotMatch(planned.stdout, /pending|unready|wordtwo|d29yZ/);
  assert.equal(await k.out(["get", "deploy,rs,pod,secret", "-A", "-o", "yaml"]), before);

  await writeFile(file, "a: [");
  const refused = await cluster.cox(["plan", "-f", file]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^cox: .*change of mind\.yaml: yaml: line /);
});
