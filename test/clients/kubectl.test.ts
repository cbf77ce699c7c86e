/** Every kubectl of this machine against one real cluster: what it is asked most, and that it prints what it prints against upstream. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { imageIn, type TestCluster, testCluster } from "../support/cluster.ts";
import { eventually } from "../support/eventually.ts";
import { findKubectls, type Kubectl, type Session, session } from "../support/kubectl.ts";
import { whyNoContainers } from "../support/node.ts";
import { reads, squeeze } from "../support/output.ts";
import { onTerminal } from "../support/pty.ts";

const missing = await whyNoContainers();
const kubectls = missing === undefined ? await findKubectls() : [];

describe("kubectl", { skip: missing, timeout: 9 * 60_000 }, () => {
  let cluster: TestCluster;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "cox-kubectl-"));
    cluster = await testCluster();
  });
  after(async () => {
    await cluster?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  test("there is one to try", () => assert.notEqual(kubectls.length, 0));
  for (const kubectl of kubectls) describe(kubectl.version, () => story(kubectl, () => ({ cluster, folder })));
});

function manifest(web: string): string {
  return `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {greeting: hello}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: ${web}
        ports: [{name: http, containerPort: 8080}]
        env: [{name: GREETING, valueFrom: {configMapKeyRef: {name: settings, key: greeting}}}]
        readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: http}]
---
apiVersion: v1
kind: Pod
metadata: {name: talk}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: talk, image: "${web}", command: [sh, -c, "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.2; done"]}
---
apiVersion: v1
kind: Pod
metadata: {name: echo}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: echo, image: "${web}", stdin: true, command: [sh, -c, "echo one; echo two; while read line; do echo heard $line; done"]}
`;
}

/** What one kubectl is asked, in a namespace of its own. */
function story(kubectl: Kubectl, place: () => { cluster: TestCluster; folder: string }): void {
  const ns = `v${kubectl.version.replace(".", "-")}`;
  let cluster: TestCluster;
  let folder: string;
  let k: Session;
  let web: string;
  let yaml: string;
  /** Skips with its reason what this kubectl does not know yet. */
  const since = (minor: number) => (kubectl.minor < minor ? `kubectl ${kubectl.version} does not know it: it came with 1.${minor}` : false);
  const refused = async (args: string[], template: string, input?: string) =>
    reads(await k.refused(args, input === undefined ? {} : { input }), template);
  const prints = async (args: string[], template: string, input?: string) =>
    reads(await k.out(args, input === undefined ? {} : { input }), template);
  const rolledOut = () => k.out(["rollout", "status", "deploy/web", "--timeout=60s"]);
  const aWebPod = async () => (await k.out(["get", "pods", "-l", "app=web", "-o", "jsonpath={.items[0].metadata.name}"])).trim();

  before(async () => {
    ({ cluster, folder } = place());
    folder = path.join(folder, ns);
    await mkdir(folder);
    k = session(kubectl, cluster.kubeconfig, ns);
    web = imageIn(cluster, "web:1");
    yaml = path.join(folder, "all.yaml");
    await writeFile(yaml, manifest(web));
    await prints(["create", "namespace", ns], `namespace/${ns} created`);
  });
  after(async () => {
    await k?.out(["delete", "namespace", ns, "--timeout=60s"]);
  });

  test("version, cluster-info and nodes", async () => {
    assert.match(await k.out(["version", "-o", "json"]), /"serverVersion": \{[^}]*"gitVersion": "v1\.36\.\d+/);
    assert.match(
      await k.out(["cluster-info"]),
      new RegExp(`Kubernetes (control plane|master).* is running at .*https://127.0.0.1:${cluster.port}`),
    );
    reads(
      await k.out(["get", "nodes", "-o", "wide"]),
      `NAME STATUS ROLES AGE VERSION INTERNAL-IP EXTERNAL-IP OS-IMAGE KERNEL-VERSION CONTAINER-RUNTIME
${cluster.nodeName} Ready <none> {AGE} v1.36.{N} {IP} <none> {ANY} containerd://{ANY}`,
    );
  });

  test("apply, and again", async () => {
    const each = (what: string) =>
      `configmap/settings ${what}\ndeployment.apps/web ${what}\nservice/web ${what}\npod/talk ${what}\npod/echo ${what}`;
    await prints(["apply", "-f", yaml], each("created"));
    await prints(["apply", "-f", yaml], each("unchanged"));
  });

  test("rollout status and wait", async () => {
    assert.match(await rolledOut(), /deployment "web" successfully rolled out\n$/);
    await prints(["wait", "--for=condition=Available", "deploy/web", "--timeout=30s"], "deployment.apps/web condition met");
    await prints(
      ["wait", "--for=condition=Ready", "pod", "--all", "--timeout=30s"],
      "pod/echo condition met\npod/talk condition met\npod/web-{HASH}-{RAND} condition met\npod/web-{HASH}-{RAND} condition met",
    );
    await refused(["wait", "--for=condition=Never", "pod/talk", "--timeout=1s"], "error: timed out waiting for the condition on pods/talk");
  });
  test("wait for a path's value", { skip: since(23) }, async () => {
    await prints(["wait", "--for=jsonpath={.status.phase}=Running", "pod/talk", "--timeout=10s"], "pod/talk condition met");
  });

  test("get: tables", async () => {
    const pod = (name: string) => `${name} 1/1 Running 0 {AGE} {IP} ${cluster.nodeName} <none> <none>`;
    await prints(
      ["get", "pods", "-o", "wide"],
      `NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES
${["echo", "talk", "web-{HASH}-{RAND}", "web-{HASH}-{RAND}"].map(pod).join("\n")}`,
    );
    await prints(
      ["get", "all", "-l", "app=web"],
      `NAME READY STATUS RESTARTS AGE
pod/web-{HASH}-{RAND} 1/1 Running 0 {AGE}
pod/web-{HASH}-{RAND} 1/1 Running 0 {AGE}

NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE
service/web ClusterIP {IP} <none> 80/TCP {AGE}

NAME READY UP-TO-DATE AVAILABLE AGE
deployment.apps/web 2/2 2 2 {AGE}

NAME DESIRED CURRENT READY AGE
replicaset.apps/web-{HASH} 2 2 2 {AGE}`,
    );
    await prints(["get", "cm", "settings"], "NAME DATA AGE\nsettings 1 {AGE}");
    await prints(["get", "pods", "talk", "--show-labels"], "NAME READY STATUS RESTARTS AGE LABELS\ntalk 1/1 Running 0 {AGE} <none>");
    await prints(
      ["get", "deploy", "-o", "wide"],
      `NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR\nweb 2/2 2 2 {AGE} web ${web} app=web`,
    );
    await prints(["get", "pods", "--field-selector", "metadata.name=talk", "-o", "name"], "pod/talk");
    await prints(["get", "pods", "--chunk-size=1", "-o", "name", "-l", "app!=web"], "pod/echo\npod/talk");
    assert.equal((await k.run(["get", "pods", "-l", "app=none"])).stderr, `No resources found in ${ns} namespace.\n`);
    await prints(
      ["get", "endpointslices", "-l", "kubernetes.io/service-name=web"],
      "NAME ADDRESSTYPE PORTS ENDPOINTS AGE\nweb-{RAND} IPv4 8080 {IP},{IP} {AGE}",
    );
  });

  test("get: yaml, json, jsonpath, columns, go-template", async () => {
    const text = await k.out(["get", "service", "web", "-o", "yaml"]);
    reads(
      // 1.20 shows who manages which field.
      text.replace(/ {2}annotations:\n.*\n.*\n/, "").replace(/ {2}managedFields:\n( {2}- .*\n| {4}.*\n)+/, ""),
      `apiVersion: v1
kind: Service
metadata:
  creationTimestamp: "{TIME}"
  labels:
    app: web
  name: web
  namespace: ${ns}
  resourceVersion: "{N}"
  uid: {UID}
spec:
  clusterIP: {IP}
  clusterIPs:
  - {IP}
  internalTrafficPolicy: Cluster
  ipFamilies:
  - IPv4
  ipFamilyPolicy: SingleStack
  ports:
  - name: http
    port: 80
    protocol: TCP
    targetPort: http
  selector:
    app: web
  sessionAffinity: None
  type: ClusterIP
status:
  loadBalancer: {}`,
    );
    const list = JSON.parse(await k.out(["get", "pods", "-l", "app=web", "-o", "json"]));
    assert.equal(list.kind, "List");
    assert.equal(list.items.length, 2);
    assert.equal(list.items[0].status.containerStatuses[0].state.running.startedAt.length, "2026-01-01T00:00:00Z".length);
    await prints(["get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}"], web);
    await prints(
      ["get", "pods", "-o", "custom-columns=N:.metadata.name,P:.status.phase", "-l", "app!=web"],
      "N P\necho Running\ntalk Running",
    );
    await prints(["get", "pods", "-l", "app!=web", "-o", "go-template={{range .items}}{{.metadata.name}};{{end}}"], "echo;talk;");
  });

  test("get --watch shows changes", async () => {
    const watch = k.start(["get", "configmaps", "--watch", "--field-selector=metadata.name=seen"]);
    try {
      await k.out(["create", "configmap", "seen", "--from-literal=a=1"]);
      await watch.printed(/^seen +1 +\S+$/m);
      await k.out(["patch", "configmap", "seen", "--type=merge", "-p", '{"data":{"b":"2"}}']);
      await watch.printed(/^seen +2 +\S+$/m);
      await k.out(["delete", "configmap", "seen"]);
    } finally {
      await watch.stop();
    }
  });

  test("describe", async () => {
    const hash = (await k.out(["get", "rs", "-o", "jsonpath={.items[0].metadata.labels.pod-template-hash}"])).trim();
    const described = await k.out(["describe", "deploy", "web"]);
    // 1.20 does not show every line of today's.
    if (kubectl.minor < 27) assert.match(squeeze(described), /Replicas: 2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable/);
    else {
      reads(
        described,
        `Name: web
Namespace: ${ns}
CreationTimestamp: {DATE}
Labels: app=web
Annotations: deployment.kubernetes.io/revision: 1
Selector: app=web
Replicas: 2 desired | 2 updated | 2 total | 2 available | 0 unavailable
StrategyType: RollingUpdate
MinReadySeconds: 0
RollingUpdateStrategy: 25% max unavailable, 25% max surge
Pod Template:
  Labels: app=web
  Containers:
   web:
    Image: ${web}
    Port: 8080/TCP
    Host Port: 0/TCP
    Readiness: http-get http://:http/ delay=0s timeout=1s period=1s #success=1 #failure=3
    Environment:
      GREETING: <set to the key 'greeting' of config map 'settings'> Optional: false
    Mounts: <none>
  Volumes: <none>${kubectl.minor >= 30 ? "\n  Node-Selectors: <none>\n  Tolerations: <none>" : ""}
Conditions:
  Type Status Reason
  ---- ------ ------
  Available True MinimumReplicasAvailable
  Progressing True NewReplicaSetAvailable
OldReplicaSets: <none>
NewReplicaSet: web-${hash} (2/2 replicas created)
Events:
  Type Reason Age From Message
  ---- ------ ---- ---- -------
  Normal ScalingReplicaSet {AGE} deployment-controller Scaled up replica set web-${hash} from 0 to 2`,
      );
    }
    const pod = squeeze(await k.out(["describe", "pod", "talk"]));
    for (const line of [
      /^Name: talk$/m,
      new RegExp(`^Node: ${cluster.nodeName}/${cluster.nodeAddress}$`, "m"),
      /^Status: Running$/m,
      / {4}State: Running\n {6}Started: /,
      / {4}Ready: True\n {4}Restart Count: 0\n/,
      / {2}Ready True\n {2}ContainersReady True\n {2}PodScheduled True\n/,
      /QoS Class: BestEffort/,
      /Tolerations: node.kubernetes.io\/not-ready:NoExecute op=Exists for 300s\n +node.kubernetes.io\/unreachable:NoExecute op=Exists for 300s/,
      / {2}Normal Scheduled \S+ default-scheduler Successfully assigned \S+\/talk to /,
      / {2}Normal Started \S+ kubelet /,
    ]) {
      assert.match(pod, line);
    }
    assert.match(squeeze(await k.out(["describe", "service", "web"])), /Endpoints: \S+:8080,\S+:8080\nSession Affinity: None/);
    assert.match(
      squeeze(await k.out(["describe", "node"])),
      /Conditions:\n {2}Type Status LastHeartbeatTime LastTransitionTime Reason Message\n/,
    );
    assert.match(squeeze(await k.out(["describe", "node"])), new RegExp(` {2}${ns} talk 0 \\(0%\\)`));
  });

  test("logs", async () => {
    await prints(["logs", "echo"], "one\ntwo");
    await prints(["logs", "echo", "--tail=1"], "two");
    await prints(["logs", "echo", "--limit-bytes=2"], "on");
    assert.match(await k.out(["logs", "echo", "--timestamps", "--tail=1"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z two\n$/);
    await prints(["logs", "echo", "--since=24h"], "one\ntwo");
    await prints(["logs", "echo", "--since-time=2100-01-01T00:00:00Z"], "");
    const follow = k.start(["logs", "-f", "talk", "--tail=1"]);
    try {
      const [, first] = await follow.printed(/^line (\d+)\n/);
      await follow.printed(new RegExp(`line ${Number(first) + 5}\n`));
    } finally {
      await follow.stop();
    }
    await refused(["logs", "talk", "-c", "none"], "error: container none is not valid for pod talk");
    await refused(
      ["logs", "talk", "--previous"],
      `Error from server (BadRequest): previous terminated container "talk" in pod "talk" not found`,
    );
  });

  test("exec: output, input, exit codes", async () => {
    await prints(["exec", "talk", "--", "hostname"], "talk");
    assert.equal(await k.out(["exec", "-i", "talk", "--", "cat"], { input: "through and through\n" }), "through and through\n");
    const failed = await k.run(["exec", "talk", "--", "sh", "-c", "echo out; echo err >&2; exit 3"]);
    assert.deepEqual([failed.code, failed.stdout, failed.stderr], [3, "out\n", "err\ncommand terminated with exit code 3\n"]);
    assert.match(await k.refused(["exec", "talk", "--", "no-such-program"]), /no-such-program.*(not found|no such file)/i);
    await refused(["exec", "nobody", "--", "true"], 'Error from server (NotFound): pods "nobody" not found');
    const big = randomBytes(1 << 20).toString("base64");
    assert.equal(await k.out(["exec", "-i", "talk", "--", "cat"], { input: big }), big, "a megabyte there and back");
    await prints(["exec", "deploy/web", "--", "sh", "-c", "echo $GREETING"], "hello");
  });

  test("exec -it on a terminal", async () => {
    const t = onTerminal(kubectl.program, [...k.where, "exec", "-it", "talk", "--", "sh"], { columns: 91, rows: 33 });
    try {
      await t.shows(/# /);
      // the terminal's size comes after its start, on a stream of its own
      await eventually("its size arrives", async () => {
        t.type("stty size; tty\r");
        await t.shows(/33 91\r\n\/dev\/pts\/\d+\r\n/, 1000);
      });
      t.resize(77, 22);
      await eventually("the new size arrives", async () => {
        t.type("stty size\r");
        await t.shows(/22 77\r\n/, 1000);
      });
      t.type("echo be''gun; sleep 100\r");
      await t.shows(/begun\r\n/);
      t.type("\x03");
      // the shell forgets what was typed before it is back at its prompt
      await t.shows(/\^C[^^]*# /);
      t.type("echo inter''rupted; exit 7\r");
      await t.shows(/\r\ninterrupted\r\n/);
      assert.equal(await t.ended, 7);
    } finally {
      t.kill();
    }
  });

  test("attach", async () => {
    const attached = k.start(["attach", "-i", "echo"]);
    try {
      await eventually("it hears", async () => {
        attached.child.stdin?.write("you\n");
        await attached.printed(/^heard you$/m, 1000);
      });
    } finally {
      await attached.stop();
    }
  });

  test("cp there and back", async () => {
    const bytes = randomBytes(300_000);
    await mkdir(`${folder}/tree/sub`, { recursive: true });
    await writeFile(`${folder}/tree/sub/data`, bytes);
    await writeFile(`${folder}/tree/note`, "a note\n");
    await k.out(["cp", `${folder}/tree`, "talk:/tmp/tree"]);
    const sum = createHash("sha256").update(bytes).digest("hex");
    await prints(["exec", "talk", "--", "sha256sum", "/tmp/tree/sub/data"], `${sum} /tmp/tree/sub/data`);
    await k.out(["cp", "talk:tmp/tree", `${folder}/back`]);
    assert.deepEqual(await readFile(`${folder}/back/sub/data`), bytes);
    assert.equal(await readFile(`${folder}/back/note`, "utf8"), "a note\n");
  });

  test("port-forward to a pod and to a service", async () => {
    for (const target of [`pod/${await aWebPod()}`, "service/web"]) {
      const forward = k.start(["port-forward", target, target.startsWith("pod") ? ":8080" : ":80"]);
      try {
        const [, port] = await forward.printed(/Forwarding from 127\.0\.0\.1:(\d+) -> 8080/);
        const answers = await Promise.all(
          Array.from({ length: 10 }, async () => (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } })).text()),
        );
        assert.deepEqual(new Set(answers), new Set(["page 1\n"]));
      } finally {
        await forward.stop();
      }
    }
  });

  test("scale", async () => {
    await prints(["scale", "deploy/web", "--replicas=3"], "deployment.apps/web scaled");
    await rolledOut();
    await prints(["get", "deploy", "web", "-o", "jsonpath={.status.readyReplicas}"], "3");
    await refused(["scale", "deploy/web", "--current-replicas=5", "--replicas=1"], "error: Expected replicas to be 5, was 3");
    await prints(["scale", "deploy/web", "--replicas=2"], "deployment.apps/web scaled");
    await eventually("two are left", async () =>
      prints(["get", "pods", "-l", "app=web", "-o", "name"], "pod/web-{HASH}-{RAND}\npod/web-{HASH}-{RAND}"),
    );
  });

  test("set image, rollout history, undo, restart, pause", async () => {
    await prints(["set", "image", "deploy/web", `web=${imageIn(cluster, "web:2")}`], "deployment.apps/web image updated");
    await rolledOut();
    await eventually("only new pods are left", () => prints(["exec", "deploy/web", "--", "cat", "/www/index.html"], "page 2"));
    await prints(["rollout", "history", "deploy/web"], "deployment.apps/web\nREVISION CHANGE-CAUSE\n1 <none>\n2 <none>");
    assert.match(
      squeeze(await k.out(["rollout", "history", "deploy/web", "--revision=2"])),
      /^deployment.apps\/web with revision #2\nPod Template:\n {2}Labels:[\s\S]* {4}Image: \S+\/web:2\n/,
    );
    await prints(["rollout", "undo", "deploy/web"], "deployment.apps/web rolled back");
    await rolledOut();
    await prints(["get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}"], web);
    await prints(["rollout", "history", "deploy/web"], "deployment.apps/web\nREVISION CHANGE-CAUSE\n2 <none>\n3 <none>");
    await prints(["rollout", "pause", "deploy/web"], "deployment.apps/web paused");
    await prints(["rollout", "resume", "deploy/web"], "deployment.apps/web resumed");
    await prints(["rollout", "restart", "deploy/web"], "deployment.apps/web restarted");
    await rolledOut();
  });

  test("edit", async () => {
    const editor = path.join(folder, "editor");
    const edit = async (script: string) => {
      await writeFile(editor, `#!/bin/sh\n${script}\n`);
      await chmod(editor, 0o755);
      return k.out(["edit", "configmap", "settings"], { env: { KUBE_EDITOR: editor } });
    };
    reads(await edit(`sed -i 's/greeting: hello/greeting: edited/' "$1"`), "configmap/settings edited");
    await prints(["get", "cm", "settings", "-o", "jsonpath={.data.greeting}"], "edited");
    assert.match(await edit("true"), /^(Edit cancelled, no changes made\.\n)?$/);
  });

  test("label and annotate", async () => {
    await prints(["label", "pod", "talk", "color=red"], "pod/talk labeled");
    await refused(["label", "pod", "talk", "color=blue"], "error: 'color' already has a value (red), and --overwrite is false");
    await prints(["label", "pod", "talk", "color=blue", "--overwrite"], "pod/talk labeled");
    await prints(["get", "pods", "-L", "color", "talk"], "NAME READY STATUS RESTARTS AGE COLOR\ntalk 1/1 Running 0 {AGE} blue");
    await prints(["label", "pod", "talk", "color-"], "pod/talk {ANY}labeled");
    // some print "annotate"
    assert.match(await k.out(["annotate", "pod", "talk", "note=some words"]), /^pod\/talk annotated?\n$/);
    await prints(["get", "pod", "talk", "-o", "jsonpath={.metadata.annotations.note}"], "some words");
    assert.match(await k.refused(["label", "pod", "talk", "-bad-=x"]), /invalid|unknown|error/i);
  });

  test("patch, all three types", async () => {
    const patched = "deployment.apps/web patched";
    await prints(
      [
        "patch",
        "deploy",
        "web",
        "-p",
        '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"MORE","value":"1"}]}]}}}}',
      ],
      patched,
    );
    await prints(["get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].env[*].name}"], "MORE GREETING");
    await prints(
      ["patch", "deploy", "web", "--type=json", "-p", '[{"op":"remove","path":"/spec/template/spec/containers/0/env/0"}]'],
      patched,
    );
    await prints(["get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].env[*].name}"], "GREETING");
    await prints(["patch", "deploy", "web", "--type=merge", "-p", '{"spec":{"minReadySeconds":1}}'], patched);
    // kubectl reads it, patches it, and compares: a status that is written in between is a change to it
    await eventually("nothing else changes it meanwhile", () =>
      prints(["patch", "deploy", "web", "--type=merge", "-p", '{"spec":{"minReadySeconds":1}}'], `${patched} (no change)`),
    );
    await refused(
      ["patch", "deploy", "web", "--type=json", "-p", '[{"op":"test","path":"/spec/replicas","value":99}]'],
      `The request is invalid${kubectl.minor < 27 ? "" : ": the server rejected our request due to an error in our request"}`,
    );
    await refused(
      ["patch", "deploy", "web", "-p", '{"spec":{"selector":{"matchLabels":{"x":"y"}}}}'],
      `The Deployment "web" is invalid:
* spec.template.metadata.labels: Invalid value: {"app":"web"}: \`selector\` does not match template \`labels\`
* spec.selector: Invalid value: {"matchLabels":{"app":"web","x":"y"}}: field is immutable`,
    );
    await rolledOut();
  });

  test("apply --server-side and its conflicts", async () => {
    const map = (value: string) => `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"ssa"},"data":{"a":"${value}"}}`;
    const apply = ["apply", "--server-side", "-f", "-"];
    await prints(apply, "configmap/ssa serverside-applied", map("1"));
    await refused(
      [...apply, "--field-manager=other"],
      `error: Apply failed with 1 conflict: conflict with "kubectl": .data.a
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See {ANY}`,
      map("2"),
    );
    await prints([...apply, "--field-manager=other", "--force-conflicts"], "configmap/ssa serverside-applied", map("2"));
    const managers = JSON.parse(await k.out(["get", "cm", "ssa", "-o", "json", "--show-managed-fields"].slice(0, since(21) ? 5 : 6)));
    assert.deepEqual(
      managers.metadata.managedFields.map((m: { manager: string; operation: string }) => `${m.manager} ${m.operation}`),
      ["other Apply"],
    );
  });

  test("diff", async () => {
    await writeFile(`${folder}/cm.yaml`, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: differs}\ndata: {a: one}\n");
    await k.out(["apply", "-f", `${folder}/cm.yaml`]);
    await prints(["diff", "-f", `${folder}/cm.yaml`], "");
    await writeFile(`${folder}/cm.yaml`, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: differs}\ndata: {a: two}\n");
    const { code, stdout } = await k.run(["diff", "-f", `${folder}/cm.yaml`]);
    assert.equal(code, 1);
    assert.match(stdout, /^- {2}a: one$/m);
    assert.match(stdout, /^\+ {2}a: two$/m);
    await prints(["get", "cm", "differs", "-o", "jsonpath={.data.a}"], "one");
  });

  test("explain", async () => {
    const text = await k.out(["explain", "deployment.spec.replicas"]);
    assert.match(text, /^KIND: +Deployment$/m);
    assert.match(text, /^FIELD: +replicas <integer>$/m);
    assert.match(text, /^DESCRIPTION:\n +[A-Z]/m);
    assert.doesNotMatch(text, /<empty>/);
    assert.match(await k.out(["explain", "pods"]), kubectl.minor < 27 ? /^ +spec\s+<Object>/m : /^ +spec\s+<PodSpec>/m);
    await refused(["explain", "pod.spec.bars"], 'error: field "bars" does not exist');
  });

  test("api-resources and api-versions", async () => {
    const names = (await k.out(["api-resources", "-o", "name"])).trim().split("\n");
    for (const name of [
      "pods",
      "nodes",
      "deployments.apps",
      "endpointslices.discovery.k8s.io",
      "leases.coordination.k8s.io",
      "roles.rbac.authorization.k8s.io",
    ]) {
      assert.ok(names.includes(name), name);
    }
    await prints(
      ["api-resources", "--api-group=apps"],
      `NAME SHORTNAMES APIVERSION NAMESPACED KIND
controllerrevisions apps/v1 true ControllerRevision
deployments deploy apps/v1 true Deployment
replicasets rs apps/v1 true ReplicaSet`,
    );
    assert.ok((await k.out(["api-versions"])).split("\n").includes("apps/v1"));
  });

  test("events", { skip: since(26) }, async () => {
    const text = squeeze(await k.out(["events", "--for", "pod/talk"]));
    assert.match(text, /^LAST SEEN TYPE REASON OBJECT MESSAGE\n/);
    assert.match(text, /Normal Scheduled Pod\/talk Successfully assigned /);
  });
  test("get events", async () => {
    const text = squeeze(await k.out(["get", "events", "--field-selector", "involvedObject.name=talk"]));
    assert.match(text, /^LAST SEEN TYPE REASON OBJECT MESSAGE\n/);
    assert.match(text, /Normal Started pod\/talk /);
  });

  test("auth can-i, roles, impersonation", async () => {
    await prints(["auth", "can-i", "create", "pods"], "yes");
    const as = `--as=system:serviceaccount:${ns}:default`;
    const no = await k.run(["auth", "can-i", "list", "pods", as]);
    assert.deepEqual([no.code, no.stdout], [1, "no\n"]);
    await prints(["create", "role", "reader", "--verb=get,list", "--resource=pods"], "role.rbac.authorization.k8s.io/reader created");
    await prints(
      ["create", "rolebinding", "readers", "--role=reader", `--serviceaccount=${ns}:default`],
      "rolebinding.rbac.authorization.k8s.io/readers created",
    );
    await prints(["auth", "can-i", "list", "pods", as], "yes");
    assert.match(
      squeeze(await k.out(["auth", "can-i", "--list", as])),
      /^Resources Non-Resource URLs Resource Names Verbs\n[\s\S]*pods \[\] \[\] \[get list\]/,
    );
    await refused(
      ["delete", "pod", "talk", as],
      `Error from server (Forbidden): pods "talk" is forbidden: User "system:serviceaccount:${ns}:default" cannot delete resource "pods" in API group "" in the namespace "${ns}"`,
    );
  });
  test("create token, and using it", { skip: since(24) }, async () => {
    const token = (await k.out(["create", "token", "default"])).trim();
    assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    const bare = path.join(folder, "bare");
    const config = (await readFile(cluster.kubeconfig, "utf8")).replace(/client-certificate-data:.*|client-key-data:.*/g, "");
    await writeFile(bare, config);
    const s = session(kubectl, bare, ns);
    reads(await s.out(["--token", token, "get", "pod", "talk", "-o", "name"]), "pod/talk");
    reads(
      await s.refused(["--token", token, "get", "secrets"]),
      `Error from server (Forbidden): secrets is forbidden: User "system:serviceaccount:${ns}:default" cannot list resource "secrets" in API group "" in the namespace "${ns}"`,
    );
    assert.match(await s.refused(["--token", `${token}x`, "get", "pods"]), /You must be logged in to the server/);
  });

  test("create, run and expose; refusals of what cannot be", async () => {
    await prints(["create", "secret", "generic", "s", "--from-literal=k=v"], "secret/s created");
    await prints(["get", "secret", "s"], "NAME TYPE DATA AGE\ns Opaque 1 {AGE}");
    await prints(
      ["create", "deployment", "d", `--image=${web}`, "--replicas=0"].slice(0, kubectl.minor < 19 ? 4 : 5),
      "deployment.apps/d created",
    );
    await prints(["expose", "deploy", "d", "--port=80"], "service/d exposed");
    await prints(
      [
        "run",
        "once",
        `--image=${web}`,
        "--restart=Never",
        "--rm",
        "-i",
        "--quiet",
        "--command",
        "--",
        "sh",
        "-c",
        "read word; echo I heard $word",
      ],
      "I heard it",
      "it\n",
    );
    await refused(
      ["create", "secret", "generic", "s"],
      `${kubectl.minor < 27 ? "Error from server (AlreadyExists):" : "error: failed to create secret"} secrets "s" already exists`,
    );
    await refused(["get", "pod", "nobody"], 'Error from server (NotFound): pods "nobody" not found');
    await refused(["get", "things"], `error: the server doesn't have a resource type "things"`);
    await refused(
      ["create", "-f", "-"],
      `The ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"Bad_Name"}}',
    );
  });
  test("unknown fields are refused by the server", { skip: since(27) }, async () => {
    await refused(
      ["create", "-f", "-"],
      `Error from server (BadRequest): error when creating "STDIN": ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dta"`,
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"odd"},"dta":{}}',
    );
    const warned = await k.run(["create", "--validate=warn", "-f", "-"], {
      input: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"odd"},"dta":{}}',
    });
    assert.deepEqual([warned.code, warned.stdout, warned.stderr], [0, "configmap/odd created\n", 'Warning: unknown field "dta"\n']);
  });

  test("delete", async () => {
    const deleted = (what: string) => new RegExp(`^${what} deleted( from ${ns} namespace)?\n$`);
    assert.match(await k.out(["delete", "pod", "talk"]), deleted('pod "talk"'));
    await refused(["get", "pod", "talk"], 'Error from server (NotFound): pods "talk" not found');
    assert.match(
      (await k.run(["delete", "pod", "echo", "--force", "--grace-period=0"])).stderr,
      /^[Ww]arning: [Ii]mmediate deletion does not wait for confirmation/,
    );
    const waiting = k.start(["wait", "--for=delete", "deploy/web", "--timeout=30s"]);
    assert.match(await k.out(["delete", "deploy", "web"]), deleted('deployment.apps "web"'));
    // Old ones call it an error that it has gone before they look.
    if ((await waiting.ended) !== 0) assert.match(waiting.text(), /^error: no matching resources found\s*$/);
    await eventually("what it owned goes too", async () => prints(["get", "rs,pods", "-l", "app=web", "-o", "name"], ""));
    assert.match(await k.out(["delete", "configmap", "none", "--ignore-not-found"]), /^$/);
  });
}
