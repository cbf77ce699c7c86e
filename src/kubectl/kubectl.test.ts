import assert from "node:assert/strict";
import { test } from "node:test";
import { ADMIN, testServer } from "#apiserver/testing.ts";
import { actingAs } from "#client/http.ts";
import { createKubectl } from "#kubectl/kubectl.ts";
import { virtualClock } from "#sim/clock.ts";

const MANIFEST = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {tier: front}}
`;

/** A prompt before an API server without loops; each line answers with its exit code and what it printed. */
async function prompt() {
  const clock = virtualClock();
  const server = await testServer(clock);
  const transport = actingAs(server.handle, ADMIN);
  const kubectl = createKubectl({ transport, clock, read: async () => MANIFEST });
  return async (line: string) => {
    const said: string[] = [];
    const code = await kubectl.run(line, text => said.push(text));
    return [code, said.join("\n")] as const;
  };
}

test("a deployment's life at the prompt", async () => {
  const ask = await prompt();
  assert.deepEqual(await ask("kubectl get deploy"), [0, "No resources found in default namespace."]);
  assert.deepEqual(await ask("kubectl create deployment web --image=registry.example/shop/web:1 -r 2"), [0, "deployment.apps/web created"]);
  const [, table] = await ask("get deployments -o wide");
  assert.match(table, /^NAME {3}READY {3}UP-TO-DATE {3}AVAILABLE {3}AGE {3}CONTAINERS {3}IMAGES {24}SELECTOR\nweb {4}0\/2 +0 +0 +0s +web /);
  assert.deepEqual(await ask("scale deploy/web --replicas=5"), [0, "deployment.apps/web scaled"]);
  assert.deepEqual(await ask("set image deploy/web web=registry.example/shop/web:2"), [0, "deployment.apps/web image updated"]);
  assert.deepEqual(await ask("label deploy web tier=front"), [0, "deployment.apps/web labeled"]);
  assert.deepEqual(await ask("get deploy -l tier=front -o name"), [0, "deployment.apps/web"]);
  assert.match((await ask("get deploy web -o yaml"))[1], /image: registry.example\/shop\/web:2\n/);
  assert.match((await ask("get deploy web -o json"))[1], /"replicas": 5,/);
  assert.deepEqual(await ask("expose deploy/web --port=80 --target-port 8080"), [0, "service/web exposed"]);
  assert.match((await ask("get deploy,svc web"))[1], /deployment.apps\/web .*\n\n.*\nservice\/web /s);
  assert.match((await ask("describe deploy/web"))[1], /^Name: {9}web\nNamespace: {4}default\nLabels: {7}app=web\n {14}tier=front\n/);
  assert.deepEqual(await ask("rollout status deploy/web"), [0, "Waiting for deployment spec update to be observed..."]);
  assert.deepEqual(await ask("delete deploy web"), [0, 'deployment.apps "web" deleted from default namespace']);
});

test("files are applied, and deleted again", async () => {
  const ask = await prompt();
  assert.deepEqual(await ask("apply -f -"), [0, "configmap/settings created\nnamespace/shop created"]);
  assert.deepEqual(await ask("apply -f -"), [0, "configmap/settings unchanged\nnamespace/shop unchanged"]);
  assert.match((await ask("get cm -A"))[1], /NAMESPACE {3}NAME .*\ndefault {5}settings {3}1 /);
  assert.deepEqual(await ask("delete -f -"), [0, 'configmap "settings" deleted from default namespace\nnamespace "shop" deleted']);
});

test("what cannot be is said as kubectl says it", async () => {
  const ask = await prompt();
  assert.deepEqual(await ask("get deploy nothing"), [1, 'Error from server (NotFound): deployments.apps "nothing" not found']);
  assert.deepEqual(await ask("get things"), [1, 'error: the server doesn\'t have a resource type "things"']);
  assert.deepEqual(await ask("frobnicate"), [1, 'error: unknown command "frobnicate" for "kubectl"']);
  assert.deepEqual(await ask("create deployment web"), [1, 'error: required flag(s) "image" not set']);
  assert.match((await ask("help"))[1], / {2}scale TYPE\/NAME --replicas=N/);
});
