/** The kubelet on real containers: starts, volumes, probes, hooks, limits, ends, and adoption after a restart. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { text } from "#base/bytes.ts";
import type { HttpResponse } from "#base/http.ts";
import { reasonOf } from "#base/status.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import { Event } from "#kinds/core/v1/event.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { ServiceAccount } from "#kinds/core/v1/serviceaccount.ts";
import type { Kubelet } from "#kubelet/kubelet.ts";
import type { Draft } from "#schema/notation.ts";
import { busyboxImage, webImage } from "../support/images.ts";
import { NODE_NAME, type TestCluster, testCluster } from "../support/kubelet.ts";
import { whyNoContainers } from "../support/node.ts";

const skip = (await whyNoContainers()) ?? false;
const BUSYBOX = "localhost/busybox:1";
const WEB = "localhost/web:1";

describe("kubelet", { skip, timeout: 240_000 }, () => {
  let cluster: TestCluster;
  let kubelet: Kubelet;
  let end: () => Promise<void>;
  before(async () => {
    cluster = await testCluster();
    await cluster.node.load(busyboxImage(), BUSYBOX);
    await cluster.node.load(webImage(), WEB);
    ({ kubelet, end } = cluster.startKubelet());
    await kubelet.ready;
    // what every namespace has before its first pod
    for (const [kind, name] of [
      [ServiceAccount, "default"],
      [ConfigMap, "kube-root-ca.crt"],
    ] as const) {
      const object = { apiVersion: "v1", kind: kind.kind, metadata: { name } };
      await cluster.client.create(kind as typeof ConfigMap, object, { namespace: "default" }).catch(error => {
        if (reasonOf(error) !== "AlreadyExists") throw error;
      });
    }
    await cluster.client.patch(ConfigMap, "kube-root-ca.crt", "merge", { data: { "ca.crt": "x" } }, { namespace: "default" });
  });
  after(() => cluster?.remove());

  async function until<T>(what: string, look: () => Promise<T | undefined>, ms = 20_000): Promise<T> {
    for (const began = Date.now(); Date.now() - began < ms; ) {
      const found = await look();
      if (found) return found;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    throw new Error(`timed out: ${what}`);
  }
  const get = (name: string) => cluster.client.get(Pod, name, "default");
  async function create(name: string, spec: Draft<Pod>["spec"]): Promise<Pod> {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name },
      spec: { nodeName: NODE_NAME, ...spec, containers: spec?.containers ?? [] },
    };
    return cluster.client.create(Pod, pod, { namespace: "default" });
  }
  async function reaches(name: string, phase: string): Promise<Pod> {
    let last: Pod | undefined;
    return until(`${name} is ${phase}`, async () => {
      last = await get(name);
      return last.status.phase === phase ? last : undefined;
    }).catch(async error => {
      const events = (await cluster.client.list(Event, { namespace: "default" })).items.filter(e => e.involvedObject.name === name);
      throw new Error(`${error.message}; ${JSON.stringify(last?.status)}; ${events.map(e => `${e.reason}: ${e.message}`).join("\n")}`);
    });
  }
  async function bodyOf(response: HttpResponse): Promise<string> {
    if (response.body === undefined || response.body instanceof Uint8Array) return text(response.body ?? new Uint8Array());
    let out = "";
    for await (const piece of response.body) out += text(piece);
    return out;
  }
  async function logs(name: string, query = ""): Promise<string> {
    const identity = { name: "admin", groups: ["system:masters"] };
    return bodyOf(await kubelet.handle({ method: "GET", url: `/containerLogs/default/${name}/app${query}`, headers: {}, identity }));
  }
  const shell = (script: string) => ({ image: BUSYBOX, command: ["sh", "-c", script] });

  test("a pod runs, soon after the answer to its creation", async () => {
    const began = performance.now();
    await create("web", { containers: [{ name: "app", image: WEB }] });
    const pod = await reaches("web", "Running");
    console.log(`  running after ${(performance.now() - began).toFixed(0)} ms`);
    assert.match(pod.status.podIP ?? "", /^10\./);
    assert.equal(pod.status.containerStatuses![0]!.ready, true);
    const page = await fetch(`http://${pod.status.podIP}:8080/`);
    assert.equal(await page.text(), "hello\n");
  });

  test("environment, volumes, downward API, token, hosts, resolv.conf, termination message, log", async () => {
    const data = { key: "value" };
    await cluster.client.create(
      ConfigMap,
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "cm" }, data },
      { namespace: "default" },
    );
    const script = [
      "cat /cm/key; echo; stat -c %a /cm/..data/key; cat /one; echo; cat /down/labels; echo; echo $A-$B-$IP",
      "head -1 /etc/hosts; cat /etc/resolv.conf; cat /var/run/secrets/kubernetes.io/serviceaccount/namespace; echo",
      "wc -c < /var/run/secrets/kubernetes.io/serviceaccount/token; mount | grep ' /mem ' | cut -d' ' -f5; id -u; id -g; id -G",
      "cat /proc/self/oom_score_adj; echo -n said > /dev/termination-log; exit 3",
    ].join("; ");
    await create("all", {
      restartPolicy: "Never",
      hostname: "h",
      subdomain: "s",
      securityContext: { runAsUser: 1000, runAsGroup: 2000, fsGroup: 3000 },
      volumes: [
        { name: "cm", configMap: { name: "cm", defaultMode: 0o400 } },
        { name: "down", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
        { name: "mem", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
      ],
      containers: [
        {
          name: "app",
          ...shell(script),
          terminationMessagePath: "/dev/termination-log",
          env: [
            { name: "A", valueFrom: { configMapKeyRef: { name: "cm", key: "key" } } },
            { name: "B", value: "$(A)2" },
            { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
          ],
          resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "32Mi" } },
          volumeMounts: [
            { name: "cm", mountPath: "/cm" },
            { name: "cm", mountPath: "/one", subPath: "key" },
            { name: "down", mountPath: "/down" },
            { name: "mem", mountPath: "/mem" },
          ],
        },
      ],
    });
    const pod = await reaches("all", "Failed");
    const ended = pod.status.containerStatuses![0]!.state.terminated!;
    assert.equal(ended.exitCode, 3);
    assert.equal(ended.message, "said");
    const lines = (await logs("all")).trimEnd().split("\n");
    const [value, mode, one, labels, env, header, ...rest] = lines;
    assert.deepEqual([value, mode, one, labels, header], ["value", "440", "value", "", "# Kubernetes-managed hosts file."]);
    assert.equal(env, `value-value2-${pod.status.podIP}`);
    const tail = rest.slice(-8);
    assert.ok(rest.join(" ").includes("search default.svc.cluster.local svc.cluster.local cluster.local"), rest.join("\n"));
    assert.ok(rest.join(" ").includes("ndots:5"));
    const [namespace, token, mount, uid, gid, groups, oom] = tail.slice(-7);
    assert.equal(namespace, "default");
    assert.ok(Number(token) > 200);
    assert.deepEqual([mount, uid, gid, groups], ["tmpfs", "1000", "2000", "2000 3000"]);
    assert.ok(Number(oom) > 900 && Number(oom) < 1000);
  });

  test("a config map's change reaches the running pod; liveness restarts; previous logs", async () => {
    const live = { exec: { command: ["test", "!", "-e", "/tmp/dead"] }, periodSeconds: 1, failureThreshold: 1 };
    await create("live", {
      terminationGracePeriodSeconds: 1,
      volumes: [
        { name: "cm", configMap: { name: "cm" } },
        { name: "s", emptyDir: {} },
      ],
      containers: [
        {
          name: "app",
          ...shell(
            "echo began; while [ $(cat /cm/key) = value ]; do sleep 0.1; done; echo changed; [ -e /s/once ] || { touch /s/once /tmp/dead; }; sleep 1000",
          ),
          livenessProbe: live,
          volumeMounts: [
            { name: "cm", mountPath: "/cm" },
            { name: "s", mountPath: "/s" },
          ],
        },
      ],
    });
    await reaches("live", "Running");
    await cluster.client.patch(ConfigMap, "cm", "merge", { data: { key: "new" } }, { namespace: "default" });
    await until("the log tells of the change", async () => ((await logs("live")).includes("changed") ? true : undefined));
    await until("the container was restarted", async () =>
      (await get("live")).status.containerStatuses![0]!.restartCount > 0 ? true : undefined,
    );
    assert.equal(await logs("live", "?previous=true"), "began\nchanged\n");
  });

  test("deletion runs preStop, keeps to its time, and leaves nothing", async () => {
    const pod = await create("gone", {
      terminationGracePeriodSeconds: 3,
      containers: [
        {
          name: "app",
          ...shell("trap '' TERM; while :; do sleep 0.1; done"),
          lifecycle: { preStop: { exec: { command: ["touch", "/tmp/x"] } } },
        },
      ],
    });
    await reaches("gone", "Running");
    const began = performance.now();
    await cluster.client.delete(Pod, "gone", { namespace: "default" });
    await until("the pod is gone", async () => ((await get("gone").catch(() => undefined)) ? undefined : true));
    const took = performance.now() - began;
    assert.ok(took > 2000 && took < 6000, `it took ${took} ms`);
    await until("the runtime has forgotten it", async () => ((await cluster.node.runtime.pod(pod.metadata.uid!)) ? undefined : true));
  });

  test("a new kubelet adopts what runs, and ends what was deleted meanwhile", async () => {
    const before = await get("web");
    const gone = await get("live");
    await end();
    await cluster.client.delete(Pod, "live", { namespace: "default", gracePeriodSeconds: 0 });
    ({ kubelet, end } = cluster.startKubelet());
    await kubelet.ready;
    await until("the orphan is gone", async () => ((await cluster.node.runtime.pod(gone.metadata.uid!)) ? undefined : true));
    const now = await get("web");
    assert.deepEqual(now.status.containerStatuses, before.status.containerStatuses);
    for (const name of ["web", "all"]) await cluster.client.delete(Pod, name, { namespace: "default", gracePeriodSeconds: 1 });
    await until("all pods are gone", async () =>
      (await cluster.client.list(Pod, { namespace: "default" })).items.length === 0 ? true : undefined,
    );
  });

  test("pods that take more of the disk than they said themselves are evicted: by an emptyDir, by a container's own layer and log", async () => {
    const limits = { "ephemeral-storage": "8Mi" };
    const write = (to: string) => `head -c 12000000 /dev/zero > ${to}; sleep 3600`;
    const volumes = [{ name: "cache", emptyDir: { sizeLimit: "5Mi" } }];
    const mounts = [{ name: "cache", mountPath: "/cache" }];
    await create("cache", { volumes, containers: [{ name: "app", ...shell(write("/cache/file")), volumeMounts: mounts }] });
    await create("layer", { containers: [{ name: "app", ...shell(write("/file")), resources: { limits } }] });
    await create("talker", {
      containers: [
        { name: "app", ...shell("head -c 12000000 /dev/zero | tr '\\0' 'a' | fold; sleep 3600"), resources: { limits } },
        { name: "other", ...shell("sleep 3600"), resources: { limits: { "ephemeral-storage": "1Gi" } } },
      ],
    });
    await create("within", {
      containers: [{ name: "app", ...shell("head -c 1000000 /dev/zero > /file; sleep 3600"), resources: { limits } }],
    });
    const said = async (name: string) => {
      await until(`${name} is evicted`, async () => ((await get(name)).status.reason === "Evicted" ? true : undefined), 90_000);
      return (await reaches(name, "Failed")).status.message;
    };
    assert.equal(await said("cache"), 'Usage of EmptyDir volume "cache" exceeds the limit "5Mi". ');
    assert.equal(await said("layer"), "Pod ephemeral local storage usage exceeds the total limit of containers 8Mi. ");
    assert.equal(await said("talker"), 'Container app exceeded its local ephemeral storage limit "8Mi". ');
    assert.equal((await get("within")).status.phase, "Running");
    for (const name of ["cache", "layer", "talker", "within"])
      await cluster.client.delete(Pod, name, { namespace: "default", gracePeriodSeconds: 1 });
  });

  test("a pod above its requests is evicted when the machine says that it is short of memory; one within them stays", async () => {
    await create("modest", { containers: [{ name: "app", ...shell("sleep 3600"), resources: { requests: { memory: "64Mi" } } }] });
    // a shell that holds its megabytes
    await create("hungry", { containers: [{ name: "app", ...shell("held=$(head -c 20000000 /dev/zero | tr '\\0' a); sleep 3600") }] });
    for (const name of ["modest", "hungry"]) await reaches(name, "Running");
    cluster.availableMemory = 50 * 1024 ** 2;
    await until("the eviction", async () => ((await get("hungry")).status.reason === "Evicted" ? true : undefined), 40_000);
    const { status } = await reaches("hungry", "Failed");
    const words =
      /^The node was low on resource: memory\. Threshold quantity: 100Mi, available: 50Mi\. Container app was using \d+(Ki|Mi)?, request is 0, has larger consumption of memory\. $/;
    assert.match(status.message ?? "", words);
    assert.equal(status.conditions?.find(c => c.type === "DisruptionTarget")?.reason, "TerminationByKubelet");
    assert.equal((await get("modest")).status.phase, "Running");
    for (const name of ["modest", "hungry"]) await cluster.client.delete(Pod, name, { namespace: "default", gracePeriodSeconds: 1 });
  });
});
