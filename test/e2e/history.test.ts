/** The past of a cluster by `cox get --at`, `diff`, `history` and `undo`, and its Secrets at rest, on simulated nodes. */
import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { type TestCluster, testCluster } from "../support/cluster.ts";
import { newestSession, type Session } from "../support/kubectl.ts";

let cluster: TestCluster;
let dataDir = "";
let k: Session;

const cox = (...args: string[]) => cluster.cox(args);
async function out(...args: string[]): Promise<string> {
  const result = await cox(...args);
  assert.equal(result.code, 0, result.stdout + result.stderr);
  return result.stdout;
}
async function refusal(...args: string[]): Promise<string> {
  const result = await cox(...args);
  assert.equal(result.code, 1, result.stdout);
  return result.stderr.trim();
}
before(async () => {
  cluster = await testCluster({ flags: ["--simulated"] });
  ({ dataDir } = cluster);
  k = await newestSession(cluster.kubeconfig);
});
after(() => cluster.remove());
/** The newest revision of an object. */
const revisionOf = async (object: string) => (await k.out(["get", object, "-o", "jsonpath={.metadata.resourceVersion}"])).trim();
const imageOf = () => k.out(["get", "deploy/web", "-o", "jsonpath={.spec.template.spec.containers[0].image} {.spec.replicas}"]);

test("what was is read, compared, told and brought back, also after a restart", async () => {
  await k.out(["create", "deployment", "web", "--image=web:1"]);
  await k.out(["rollout", "status", "deployment/web", "--timeout=30s"]);
  const then = await revisionOf("deploy/web");
  await k.out(["set", "image", "deployment/web", "web=web:2"]);
  await k.out(["scale", "deployment/web", "--replicas=3"]);
  await k.out(["rollout", "status", "deployment/web", "--timeout=30s"]);

  assert.match(await out("get", "deploy/web", "--at", then, "-o", "wide"), /^NAME +READY .*\nweb +1\/1 .* web:1 /);
  assert.match(await out("get", "deploy", "web"), /^NAME +READY .*\nweb +3\/3 /);
  assert.match(
    await out("get", "deploy,rs", "--at", then, "-A"),
    /^NAMESPACE .*\ndefault +deployment\.apps\/web .*\n\nNAMESPACE .*\ndefault +replicaset\.apps\/web-/,
  );
  const old = JSON.parse(await out("get", "deploy/web", "--at", then, "-o", "json")) as { spec: { replicas: number } };
  assert.equal(old.spec.replicas, 1);
  assert.equal(await out("get", "deploy", "-o", "name"), "deployment.apps/web\n");
  // Real clients read it by the same paths.
  const raw = await k.out(["get", "--raw", `/apis/apps/v1/namespaces/default/deployments/web?at=${then}`]);
  assert.equal((JSON.parse(raw) as typeof old).spec.replicas, 1);
  const list = `/apis/apps/v1/namespaces/default/deployments?resourceVersion=${then}&resourceVersionMatch=Exact`;
  assert.equal((JSON.parse(await k.out(["get", "--raw", list])) as { items: (typeof old)[] }).items[0]?.spec.replicas, 1);

  const difference = await cox("diff", "deploy/web", "--since", then);
  assert.equal(difference.code, 1, difference.stderr);
  assert.match(difference.stdout, /^--- deployment\.apps\/web at \d+\n\+\+\+ deployment\.apps\/web now\n@@ .*\n/);
  for (const line of ["-  replicas: 1", "+  replicas: 3", "-      - image: web:1", "+      - image: web:2"])
    assert.ok(difference.stdout.includes(`\n${line}\n`), line);

  assert.equal(await refusal("get", "deploy/none"), 'cox: deployments.apps "none" not found');
  assert.equal(await refusal("history", "deploy/none"), 'cox: deployments.apps "none" not found');
  assert.equal(await refusal("diff", "deploy/none", "--since", then), 'cox: deployments.apps "none" not found');
  assert.equal(await refusal("get", "thing/web"), 'cox: the server doesn\'t have a resource type "thing"');
  assert.equal(await refusal("history", "thing/web"), 'cox: "thing" is no type of this cluster');
  assert.match(
    await refusal("get", "deploy/web", "--at", "9h"),
    /^cox: the past is kept from \S+Z, revision \d+ on, and \S+Z lies before it$/,
  );
  assert.match(await refusal("get", "deploy/web", "--at", "soon"), /^cox: at: "soon" is neither an age/);
  assert.match(await refusal("get", "deploy/web", "--at", "25:99"), /^cox: at: "25:99" is neither an age/);
  assert.match(await refusal("get", "deploy/web", "--at", ""), /^cox: a moment is an age .* this one is empty$/);
  // The cluster is younger than that: what there is of its past is compared.
  const all = await cox("diff", "deploy/web", "--since", "9h");
  assert.match(all.stderr, /^cox: the past is kept from \S+Z, revision \d+ on, .* lies before it: compared with what is kept first\n$/);
  assert.match(all.stdout, /^--- deployment\.apps\/web at the beginning of what is kept\n\+\+\+ deployment\.apps\/web now\n/);

  assert.equal((await cox("down")).code, 0);
  await cluster.up();
  const told = await out("history", "deploy/web");
  assert.match(told, /changed by kubernetes-admin with kubectl.*\n {4}\.spec\.replicas: 1 → 3\n/);
  assert.match(
    told,
    /changed by kubernetes-admin with kubectl.*\n {4}\.spec\.template\.spec\.containers\[name="web"\]\.image: "web:1" → "web:2"\n/,
  );
  assert.match(told, /\n\S+Z {2}revision \d+ {2}created by kubernetes-admin with kubectl/);
  assert.match(await out("why", "deploy/web"), /deployment-controller: create ReplicaSet default\/web-\w+: its template is new/);

  const dry = await out("undo", "deploy/web", "--to", then, "--dry-run");
  assert.match(dry, /^deployment\.apps\/web is again as it was at revision \d+ \(dry run\)\n@@ /);
  assert.equal(await imageOf(), "web:2 3");
  assert.match(await out("undo", "deploy/web"), /^deployment\.apps\/web is again as it was at revision \d+\n$/);
  assert.equal(await imageOf(), "web:2 1");
  await out("undo", "deploy/web", "--to", then);
  assert.equal(await imageOf(), "web:1 1");
  await k.out(["delete", "deployment", "web"]);
  assert.match(await out("undo", "deploy/web"), /^deployment\.apps\/web was deleted and is made anew as it was at revision \d+\n$/);
  assert.equal(await imageOf(), "web:1 1");
  assert.match(await out("history", "deploy/web", "-o", "json"), /"because": "it is again what it was at revision \d+"/);
});

test("what history tells of a Secret shows none of its values, also not those that kubectl apply keeps in an annotation", async () => {
  const file = path.join(dataDir, "applied.yaml");
  for (const word of ["wordone", "wordtwo"]) {
    await writeFile(file, `{apiVersion: v1, kind: Secret, metadata: {name: applied}, stringData: {password: ${word}}}`);
    await k.out(["apply", "-f", file]);
  }
  await k.out(["annotate", "secret/applied", "kubectl.kubernetes.io/last-applied-configuration-"]);
  await k.out(["apply", "-f", file]);
  const told = await out("history", "secret/applied");
  assert.match(told, /\.data\.password: \*\*\* → \*\*\*/);
  assert.match(told, /last-applied-configuration": ?"\*\*\*"|last-applied-configuration: \*\*\* → \*\*\*/);
  assert.doesNotMatch(told, /wordone|wordtwo|d29yZG/);
});

test("what people wanted is undone, for every kind, and not what the cluster's own loops wrote after it", async () => {
  const node = (await k.out(["get", "nodes", "-o", "name"])).split("\n")[0]!;
  assert.match(await refusal("undo", node), /^cox: node\/\S+ has not been changed by people since \S+: nothing is to be undone$/);
  await k.out(["cordon", node]);
  // The node lifecycle adds its taint to the spec.
  await k.out(["wait", node, "--for=jsonpath={.spec.taints[0].key}=node.kubernetes.io/unschedulable", "--timeout=30s"]);
  assert.match(await out("undo", node), /again as it was/);
  assert.equal(await k.out(["get", node, "-o", "jsonpath={.spec.unschedulable}"]), "");

  await k.out(["create", "service", "clusterip", "s", "--tcp=80:8080"]);
  const address = await k.out(["get", "service/s", "-o", "jsonpath={.spec.clusterIP}"]);
  await k.out(["patch", "service", "s", "-p", '{"spec":{"selector":{"app":"other"}}}']);
  await out("undo", "service/s");
  assert.equal(await k.out(["get", "service/s", "-o", "jsonpath={.spec.selector.app}"]), "s");
  await k.out(["delete", "service", "s"]);
  assert.match(await out("undo", "svc/s"), /deleted and is made anew/);
  assert.equal(await k.out(["get", "service/s", "-o", "jsonpath={.spec.clusterIP}"]), address);

  await k.out(["create", "secret", "generic", "changed", "--from-literal=word=one"]);
  await k.out(["patch", "secret", "changed", "-p", '{"stringData":{"word":"two"}}']);
  assert.match(await out("undo", "secret/changed"), /again as it was/);
  assert.equal(await k.out(["get", "secret/changed", "-o", "go-template={{.data.word|base64decode}}"]), "one");

  await k.out(["create", "clusterrole", "readers", "--verb=get", "--resource=pods"]);
  await k.out(["patch", "clusterrole", "readers", "-p", '{"rules":[]}']);
  await out("undo", "clusterrole/readers");
  assert.equal(await k.out(["get", "clusterrole/readers", "-o", "jsonpath={.rules[0].verbs[0]}"]), "get");

  await k.out(["create", "namespace", "gone"]);
  await k.out(["create", "configmap", "inside", "-n", "gone", "--from-literal=a=1"]);
  await k.out(["delete", "namespace", "gone"]);
  assert.match(await out("undo", "ns/gone"), /deleted and is made anew/);
  assert.match(await out("undo", "cm/inside", "-n", "gone"), /deleted and is made anew/);
  assert.equal(await k.out(["get", "cm/inside", "-n", "gone", "-o", "jsonpath={.data.a}"]), "1");

  await k.out(["run", "alone", "--image=web:1"]);
  await k.out(["wait", "pod/alone", "--for=condition=Ready", "--timeout=30s"]);
  await k.out(["set", "image", "pod/alone", "alone=web:2"]);
  await out("undo", "pod/alone");
  assert.equal(await k.out(["get", "pod/alone", "-o", "jsonpath={.spec.containers[0].image}"]), "web:1");
});

test("another user undoes with that user's rights", async () => {
  await k.out(["create", "serviceaccount", "reader"]);
  await k.out(["create", "clusterrolebinding", "reader", "--clusterrole=view", "--serviceaccount=default:reader"]);
  await k.out(["create", "configmap", "m", "--from-literal=a=1"]);
  await k.out(["patch", "configmap", "m", "-p", '{"data":{"a":"2"}}']);
  const request = '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}';
  const file = path.join(dataDir, "request.json");
  await writeFile(file, request);
  const answer = await k.out(["create", "--raw", "/api/v1/namespaces/default/serviceaccounts/reader/token", "-f", file]);
  const { token } = (JSON.parse(answer) as { status: { token: string } }).status;
  const config = await readFile(`${dataDir}/kubeconfig`, "utf8");
  const mine = path.join(dataDir, "reader.kubeconfig");
  await writeFile(mine, config.replace(/client-certificate-data: .*/, `token: ${token}`).replace(/^\s*client-key-data: .*\n/m, ""));
  assert.match(await out("history", "cm/m", "--kubeconfig", mine), /\.data\.a: "1" → "2"/);
  assert.match(
    await refusal("undo", "cm/m", "--kubeconfig", mine),
    /User "system:serviceaccount:default:reader" cannot update resource "configmaps"/,
  );
  assert.match(await out("undo", "cm/m"), /again as it was/);
  assert.equal(await k.out(["get", "cm/m", "-o", "jsonpath={.data.a}"]), "1");
});

async function filesIn(directory: string): Promise<string[]> {
  const out: string[] = [];
  for (const name of await readdir(directory)) {
    const file = path.join(directory, name);
    if ((await stat(file)).isDirectory()) out.push(...(await filesIn(file)));
    else out.push(file);
  }
  return out;
}

test("a dump of the store shows nothing of a Secret, and its keys change while the cluster runs", async () => {
  const word = "tell-nobody-of-this";
  await k.out(["create", "secret", "generic", "s", `--from-literal=word=${word}`]);
  await k.out(["patch", "secret", "s", "-p", `{"stringData":{"more":"${word}!"}}`]);
  await k.out(["create", "configmap", "open", "--from-literal=word=everybody-may-know"]);
  const key = path.join(dataDir, "pki", "encryption.json");
  assert.equal((await stat(key)).mode & 0o777, 0o600);
  assert.match(await out("secrets", "status"), /^secrets: sealed by aesgcm with key-1\n$/);
  assert.match(
    await out("secrets", "rotate-keys"),
    /^secrets: sealed by aesgcm with key-2\n\d+ written anew .*\nkey-1 still opens the past/,
  );
  assert.match(
    await out("secrets", "rotate-keys", "--forget"),
    /^secrets: sealed by aesgcm with key-3\n\d+ written anew since the keys changed\n$/,
  );
  assert.deepEqual(
    [...(await readFile(key, "utf8")).matchAll(/"name": "([^"]+)"/g)].map(m => m[1]),
    ["key-3"],
  );
  assert.equal((await cox("down")).code, 0);
  const dump = Buffer.concat(await Promise.all((await filesIn(`${dataDir}/store`)).map(file => readFile(file))));
  assert.ok(dump.includes("everybody-may-know"));
  for (const form of [word, Buffer.from(word).toString("base64").slice(0, -4), Buffer.from(word).toString("hex")])
    assert.ok(!dump.includes(form), form);
  assert.ok(!dump.includes(JSON.parse(await readFile(key, "utf8")).resources[0].providers[0].aesgcm.keys[0].secret));
  await cluster.up();
  assert.equal(await k.out(["get", "secret", "s", "-o", "go-template={{.data.word|base64decode}}"]), word);
  const shown = await out("history", "secret/s", "--all");
  assert.ok(!shown.includes(word) && !shown.includes(Buffer.from(word).toString("base64")));
});
