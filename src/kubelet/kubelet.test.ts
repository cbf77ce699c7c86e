import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { text } from "#base/bytes.ts";
import { seededChance } from "#base/chance.ts";
import { silentLog } from "#base/log.ts";
import { createClient } from "#client/http.ts";
import { run, smallServer } from "#client/testing.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import { Event } from "#kinds/core/v1/event.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import type { KubeletConfig } from "#kubelet/config.ts";
import { createKubelet } from "#kubelet/kubelet.ts";
import { ROTATION } from "#kubelet/logrotation.ts";
import { NOTHING_RESERVED } from "#kubelet/node.ts";
import { evictionRules } from "#kubelet/thresholds.ts";
import type { Draft } from "#schema/notation.ts";
import { well } from "#sim/ailments.ts";
import { virtualClock } from "#sim/clock.ts";
import { noStreams, simulatedCgroups, simulatedDisk, simulatedLogFiles, simulatedMachine, simulatedProber } from "#sim/machine.ts";
import { type SimulatedRuntimeOptions, simulatedRuntime } from "#sim/runtime.ts";

const config: KubeletConfig = {
  node: {
    name: "n1",
    labels: {},
    taints: [],
    addresses: [
      { type: "InternalIP", address: "192.0.2.1" },
      { type: "Hostname", address: "n1" },
    ],
    port: 10250,
    maxPods: 110,
    providerId: "",
    version: "v1.36.0",
    reserved: NOTHING_RESERVED,
  },
  root: "/k",
  logs: "/l",
  cgroupRoot: "",
  seccompRoot: "/k/seccomp",
  dns: { domain: "cluster.local", servers: ["10.96.0.10"] },
  allowedUnsafeSysctls: [],
  podPidsLimit: undefined,
  keepImages: [],
  imageThresholds: { high: 85, low: 80 },
  eviction: evictionRules(),
};

interface WorldOptions extends Omit<SimulatedRuntimeOptions, "clock"> {
  readonly failing?: (what: string) => string | undefined;
  /** Whether somebody counts what changes on the machine. */
  readonly counts?: boolean;
}
let stop: (() => Promise<void>) | undefined;
afterEach(async () => {
  await stop?.();
  stop = undefined;
});
async function world({ failing, counts = false, ...options }: WorldOptions = {}) {
  const clock = virtualClock();
  const server = smallServer(clock);
  const client = createClient(server.transport, { userAgent: "test", clock });
  const runtime = simulatedRuntime({ clock, ...options });
  const ailments = well(runtime.changed);
  const disk = simulatedDisk({ ailments, used: () => runtime.diskUsed(), size: path => runtime.sizeOf(path) });
  const machine = simulatedMachine({ hostname: "n1", ailments, used: () => runtime.memory() });
  const cgroups = simulatedCgroups();
  const start = () => {
    const ending = new AbortController();
    const kubelet = createKubelet(config, {
      client,
      clock,
      chance: seededChance(1),
      log: silentLog,
      runtime,
      disk,
      cgroups,
      logFiles: simulatedLogFiles(clock, runtime.logAt),
      machine,
      prober: simulatedProber(failing),
      streams: noStreams,
      ...(counts && { changes: runtime.changes }),
    });
    const done = kubelet.run(ending.signal);
    const end = async () => {
      ending.abort();
      let over = false;
      done.finally(() => {
        over = true;
      });
      for (let i = 0; i < 20 && !over; i++) await run(clock, 1000);
    };
    stop = end;
    return { kubelet, end };
  };
  const first = start();
  await run(clock, 100);
  const pod = (name: string) => client.get(Pod, name, "default");
  const events = async () => (await client.list(Event, { namespace: "default" })).items.map(e => `${e.reason}: ${e.message}`);
  return {
    clock,
    client,
    server,
    runtime,
    ailments,
    machine,
    disk,
    cgroups,
    pod,
    events,
    start,
    ...first,
    wait: (ms: number) => run(clock, ms),
  };
}
function draft(name: string, spec: Draft<Pod>["spec"]): Draft<Pod> {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: { nodeName: "n1", ...spec, containers: spec?.containers ?? [{ name: "app", image: "app:1" }] },
  };
}

test("the node registers itself, is ready and renews its lease", async () => {
  const w = await world();
  const node = await w.client.get(Node, "n1");
  assert.equal(node.status.conditions?.find(c => c.type === "Ready")?.reason, "KubeletReady");
  assert.equal(node.status.nodeInfo.containerRuntimeVersion, "simulated://1.0.0");
  assert.equal(node.metadata.labels?.["kubernetes.io/os"], "linux");
  await w.wait(25_000);
  assert.ok(w.server.writes.filter(x => x.startsWith("PUT /apis/coordination")).length >= 2);
});

test("a state of the node that the server did not take is told again", async () => {
  const w = await world();
  let reports = 0;
  w.server.intercept = ({ method, url }) =>
    method === "PATCH" && url.includes("/nodes/n1/status") && reports++ === 0 ? Promise.reject(new Error("connection reset")) : undefined;
  w.runtime.away(true);
  await w.wait(60_000);
  const node = await w.client.get(Node, "n1");
  assert.equal(node.status.conditions?.find(c => c.type === "Ready")?.status, "False");
  assert(reports > 1);
});

test("a pod runs: sandbox, image, container, status", async () => {
  const w = await world();
  await w.client.create(Pod, draft("web", {}), { namespace: "default" });
  await w.wait(50);
  const pod = await w.pod("web");
  assert.equal(pod.status.phase, "Running");
  assert.equal(pod.status.podIP, "10.88.0.1");
  assert.equal(pod.status.hostIP, "192.0.2.1");
  assert.equal(pod.status.qosClass, "BestEffort");
  const [c] = pod.status.containerStatuses!;
  assert.equal(c!.ready, true);
  assert.equal(c!.restartCount, 0);
  assert.ok(c!.state.running);
  assert.deepEqual(
    pod.status.conditions?.map(x => `${x.type} ${x.status}`),
    ["PodReadyToStartContainers True", "Initialized True", "Ready True", "ContainersReady True", "PodScheduled True"],
  );
  assert.deepEqual([...w.runtime.calls].sort(), [
    "createContainer web/app 0",
    "pull app:1",
    "startContainer web/app",
    "startSandbox web 0",
  ]);
  assert.deepEqual(await w.events().then(e => e.map(x => x.split(":")[0])), ["Pulling", "Pulled", "Created", "Started"]);
});

test("a crashing container is started again at once, then after 10, 20 … seconds", async () => {
  const w = await world({ script: () => ({ runsFor: 1000, exitCode: 3 }) });
  await w.client.create(Pod, draft("web", {}), { namespace: "default" });
  await w.wait(2500);
  let [c] = (await w.pod("web")).status.containerStatuses!;
  assert.equal(c!.restartCount, 1);
  assert.equal(c!.state.waiting?.reason, "CrashLoopBackOff");
  assert.match(c!.state.waiting!.message!, /^back-off 10s restarting failed container=app pod=web_default\(/);
  assert.equal(c!.lastState.terminated?.exitCode, 3);
  await w.wait(11_000);
  [c] = (await w.pod("web")).status.containerStatuses!;
  assert.equal(c!.restartCount, 2);
  assert.match(c!.state.waiting!.message!, /^back-off 20s/);
  assert.equal((await w.pod("web")).status.phase, "Running");
});

test("restart policies: OnFailure ends as Succeeded, Never as Failed", async () => {
  let runs = 0;
  const w = await world({
    script: pod => (pod.name === "job" ? { runsFor: 100, exitCode: runs++ === 0 ? 1 : 0 } : { runsFor: 100, exitCode: 1 }),
  });
  await w.client.create(Pod, draft("job", { restartPolicy: "OnFailure" }), { namespace: "default" });
  await w.client.create(Pod, draft("once", { restartPolicy: "Never" }), { namespace: "default" });
  await w.wait(2000);
  const job = await w.pod("job");
  assert.equal(job.status.phase, "Succeeded");
  assert.equal(job.status.containerStatuses![0]!.restartCount, 1);
  const once = await w.pod("once");
  assert.equal(once.status.phase, "Failed");
  assert.equal(once.status.containerStatuses![0]!.restartCount, 0);
  assert.equal(once.status.containerStatuses![0]!.state.terminated?.exitCode, 1);
  assert.ok(![...w.cgroups.names].some(n => /\/poduid/.test(n)));
});

test("init containers and sidecars in order; the pod ends when its main containers have, sidecars last", async () => {
  const w = await world({ script: (_, c) => (c.name === "init" ? { runsFor: 500 } : c.name === "app" ? { runsFor: 5000 } : {}) });
  await w.client.create(
    Pod,
    draft("web", {
      restartPolicy: "Never",
      initContainers: [
        { name: "init", image: "i:1" },
        {
          name: "side",
          image: "s:1",
          restartPolicy: "Always",
          startupProbe: { httpGet: { port: 80 }, periodSeconds: 1, initialDelaySeconds: 1 },
        },
      ],
    }),
    { namespace: "default" },
  );
  await w.wait(300);
  let pod = await w.pod("web");
  assert.equal(pod.status.phase, "Pending");
  const initialized = pod.status.conditions?.find(c => c.type === "Initialized");
  assert.equal(initialized?.message, "containers with incomplete status: [init side]");
  assert.equal(pod.status.containerStatuses![0]!.state.waiting?.reason, "PodInitializing");
  await w.wait(700);
  pod = await w.pod("web");
  assert.ok(pod.status.initContainerStatuses![1]!.state.running);
  assert.equal(pod.status.containerStatuses![0]!.state.waiting?.reason, "PodInitializing");
  await w.wait(2000);
  pod = await w.pod("web");
  assert.equal(pod.status.phase, "Running");
  assert.equal(pod.status.initContainerStatuses![0]!.ready, true);
  assert.equal(pod.status.initContainerStatuses![1]!.started, true);
  await w.wait(5000);
  pod = await w.pod("web");
  assert.equal(pod.status.phase, "Succeeded");
  assert.ok(pod.status.initContainerStatuses![1]!.state.terminated);
});

test("deletion: preStop, one deadline, sidecars after the others, then the object goes", async () => {
  const w = await world({ script: (_, c) => ({ stopTakes: c.name === "app" ? 3000 : 0 }), exec: () => ({ exitCode: 0, output: "" }) });
  await w.client.create(
    Pod,
    draft("web", {
      initContainers: [{ name: "side", image: "s:1", restartPolicy: "Always" }],
      containers: [{ name: "app", image: "app:1", lifecycle: { preStop: { sleep: { seconds: 2 } } } }],
    }),
    { namespace: "default" },
  );
  await w.wait(100);
  await w.client.delete(Pod, "web", { namespace: "default" });
  await w.wait(4000);
  assert.ok((await w.pod("web")).metadata.deletionTimestamp);
  await w.wait(2000);
  await assert.rejects(w.pod("web"), /not found/);
  const stops = w.runtime.calls.filter(c => c.startsWith("stop"));
  assert.deepEqual(stops, ["stopContainer web/app 28", "stopContainer web/side 25", "stopSandbox web"]);
  await w.wait(1000);
  assert.equal((await w.runtime.list()).length, 0);
});

test("an image that is not to be had: ErrImagePull, then ImagePullBackOff, until it is there", async () => {
  let there = false;
  const w = await world({ missing: name => (there ? undefined : `${name}: not found`) });
  await w.client.create(Pod, draft("web", {}), { namespace: "default" });
  await w.wait(500);
  const waiting = async () => (await w.pod("web")).status.containerStatuses![0]!.state.waiting;
  assert.deepEqual(await waiting(), { reason: "ErrImagePull", message: "app:1: not found" });
  await w.wait(2000);
  assert.equal((await waiting())?.reason, "ImagePullBackOff");
  assert.match((await waiting())!.message!, /^Back-off pulling image "app:1": ErrImagePull/);
  there = true;
  await w.wait(10_000);
  assert.equal((await w.pod("web")).status.phase, "Running");
});

test("a volume waits for its config map and follows it; a missing key of the environment is a config error", async () => {
  const w = await world();
  await w.client.create(
    Pod,
    draft("web", {
      volumes: [{ name: "v", configMap: { name: "cm" } }],
      containers: [
        {
          name: "app",
          image: "app:1",
          env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "cm", key: "other" } } }],
          volumeMounts: [{ name: "v", mountPath: "/v" }],
        },
      ],
    }),
    { namespace: "default" },
  );
  await w.wait(300);
  assert.ok((await w.events()).includes('FailedMount: MountVolume.SetUp failed for volume "v" : configmap "cm" not found'));
  assert.equal((await w.pod("web")).status.phase, "Pending");
  const cm = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "cm", namespace: "default" }, data: { key: "1" } };
  await w.client.create(ConfigMap, cm, { namespace: "default" });
  await w.wait(100);
  const [c] = (await w.pod("web")).status.containerStatuses!;
  assert.deepEqual(c!.state.waiting, { reason: "CreateContainerConfigError", message: "couldn't find key other in ConfigMap default/cm" });
  await w.client.patch(ConfigMap, "cm", "merge", { data: { other: "2" } }, { namespace: "default" });
  await w.wait(100);
  assert.equal((await w.pod("web")).status.phase, "Running");
  const [files] = [...w.disk.payloads.values()];
  assert.deepEqual(
    files!.map(f => f.path),
    ["key", "other"],
  );
});

test("a failing liveness probe restarts the container, a failing readiness probe does not", async () => {
  let down = false;
  const w = await world({ failing: what => (down || what.includes("/ready") ? "connection refused" : undefined) });
  await w.client.create(
    Pod,
    draft("web", {
      containers: [
        {
          name: "app",
          image: "app:1",
          livenessProbe: { httpGet: { port: 80, path: "/live" }, periodSeconds: 5, failureThreshold: 2 },
          readinessProbe: { httpGet: { port: 80, path: "/ready" }, periodSeconds: 5 },
        },
      ],
    }),
    { namespace: "default" },
  );
  await w.wait(30_000);
  let [c] = (await w.pod("web")).status.containerStatuses!;
  assert.equal(c!.restartCount, 0);
  assert.equal(c!.ready, false);
  assert.equal((await w.pod("web")).status.conditions?.find(x => x.type === "Ready")?.message, "containers with unready status: [app]");
  down = true;
  await w.wait(12_000);
  [c] = (await w.pod("web")).status.containerStatuses!;
  assert.equal(c!.restartCount, 1);
  const told = await w.events();
  assert.ok(told.includes("Killing: Container app failed liveness probe, will be restarted"));
  assert.ok(told.includes("Unhealthy: Liveness probe failed: connection refused"));
});

test("a new kubelet adopts what runs; a runtime that was away costs nothing", async () => {
  const w = await world();
  await w.client.create(Pod, draft("web", {}), { namespace: "default" });
  await w.wait(100);
  const before = (await w.pod("web")).status;
  await w.end();
  const calls = w.runtime.calls.length;
  w.start();
  await w.wait(2000);
  assert.equal(w.runtime.calls.length, calls);
  assert.deepEqual((await w.pod("web")).status, before);
  w.runtime.away(true);
  const ready = async () => (await w.client.get(Node, "n1")).status.conditions?.find(c => c.type === "Ready");
  await w.wait(20_000);
  assert.equal((await ready())?.status, "True", "for half a minute the node bears it");
  await w.wait(25_000);
  assert.equal((await ready())?.message, "container runtime is down");
  w.runtime.away(false);
  await w.wait(12_000);
  assert.equal((await ready())?.status, "True");
  assert.equal(w.runtime.calls.length, calls);
});

test("a kubelet that starts again leaves containers ready that were, until a probe says otherwise", async () => {
  let down = false;
  const w = await world({ failing: () => (down ? "connection refused" : undefined) });
  const probe = { httpGet: { port: 80 }, periodSeconds: 1 };
  const container = { name: "app", image: "app:1", startupProbe: probe, readinessProbe: probe };
  await w.client.create(Pod, draft("web", { containers: [container] }), { namespace: "default" });
  await w.wait(3000);
  const ready = async () => (await w.pod("web")).status.containerStatuses?.[0]?.ready;
  assert.equal(await ready(), true);
  await w.end();
  const writes = w.server.writes.length;
  w.start();
  await w.wait(2000);
  assert.deepEqual(
    w.server.writes.slice(writes).filter(x => x.includes("/pods/web/status")),
    [],
  );
  down = true;
  await w.wait(5000);
  assert.equal(await ready(), false);
});

test("a kubelet that starts again says nothing of its node before the runtime has answered", async () => {
  const w = await world();
  await w.end();
  w.runtime.away(true);
  w.start();
  const ready = async () => (await w.client.get(Node, "n1")).status.conditions?.find(c => c.type === "Ready");
  await w.wait(20_000);
  assert.equal((await ready())?.status, "True");
  await w.wait(25_000);
  assert.equal((await ready())?.status, "False");
});

test("a pod that was marked not ready with its node is ready again when nothing is wrong", async () => {
  const w = await world();
  await w.client.create(Pod, draft("web", {}), { namespace: "default" });
  await w.wait(100);
  const ready = async () => (await w.pod("web")).status.conditions?.find(c => c.type === "Ready");
  const before = await ready();
  assert.equal(before?.status, "True");
  const change = { status: { conditions: [{ type: "Ready", status: "False" }] } };
  await w.client.patch(Pod, "web", "strategic", change, { namespace: "default", subresource: "status" });
  const writes = w.server.writes.length;
  await w.wait(1000);
  assert.deepEqual(await ready(), before);
  assert.equal(w.server.writes.slice(writes).filter(x => x.includes("/pods/web/status")).length, 1, "by one write");
});

test("activeDeadlineSeconds, hostPort conflicts and forbidden sysctls end a pod as Failed", async () => {
  const w = await world();
  const ports = [{ containerPort: 80, hostPort: 8080 }];
  await w.client.create(Pod, draft("slow", { activeDeadlineSeconds: 5, terminationGracePeriodSeconds: 1 }), { namespace: "default" });
  await w.client.create(Pod, draft("a", { containers: [{ name: "app", image: "app:1", ports }] }), { namespace: "default" });
  await w.client.create(Pod, draft("b", { containers: [{ name: "app", image: "app:1", ports }] }), { namespace: "default" });
  await w.client.create(Pod, draft("c", { securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] } }), {
    namespace: "default",
  });
  await w.wait(8000);
  const why = async (name: string) => {
    const { phase, reason } = (await w.pod(name)).status;
    return `${phase} ${reason}`;
  };
  assert.equal(await why("slow"), "Failed DeadlineExceeded");
  assert.equal(await why("a"), "Running undefined");
  assert.equal(await why("b"), "Failed NodePorts");
  assert.equal(await why("c"), "Failed SysctlForbidden");
});

/** What a node goes through, by a seed: all that it writes and all that its runtime is told, and when; and how often its memory was asked for. */
async function lived(seed: number, counts: boolean) {
  const chance = seededChance(seed);
  const below = (n: number) => Math.floor(chance.next() * n);
  const story: string[] = [];
  const prints: ((line: string) => void)[] = [];
  let written = 0;
  const w = await world({
    counts,
    script: ({ name }, _, { print }) => {
      prints.push(print);
      if (name.startsWith("writer")) return { disk: () => written };
      if (name.startsWith("hungry")) return { memory: 9 * 1024 ** 3 };
      return name.startsWith("talker") ? { log: "x".repeat(ROTATION.size) } : {};
    },
  });
  const note = (what: string) => void story.push(`${w.clock.monotonic()} ${what}`);
  w.server.intercept = ({ method, url, body }) => {
    if (method !== "GET") note(`${method} ${url} ${text(body as Uint8Array)}`);
    return undefined;
  };
  let asked = 0;
  const { memory } = w.machine;
  w.machine.memory = () => {
    asked++;
    return memory();
  };
  w.runtime.reopenLog = async id => note(`reopenLog ${id}`);
  let pods = 0;
  const create = (kind: string, limits?: Record<string, string>) =>
    w.client.create(
      Pod,
      draft(`${kind}-${++pods}`, { containers: [{ name: "app", image: `${kind}:${pods}`, ...(limits && { resources: { limits } }) }] }),
      { namespace: "default" },
    );
  const all: readonly (() => unknown)[] = [
    ...(["memory", "disk", "pids"] as const).map(of => () => {
      w.ailments[of] = !w.ailments[of];
    }),
    () => w.runtime.away(true),
    () => w.runtime.away(false),
    () => w.runtime.kill(w.runtime.running()[0] ?? "", 1),
    () => prints.at(-1)?.("word"),
    () => create("plain"),
    () => create("writer", { "ephemeral-storage": "1Gi" }),
    () => create("hungry"),
    () => create("talker"),
    () => {
      written = written === 0 ? 2 * 1024 ** 3 : 0;
    },
    async () => {
      const [first] = (await w.client.list(Pod, { namespace: "default" })).items;
      if (first) await w.client.delete(Pod, first.metadata.name ?? "", { namespace: "default" });
    },
  ];
  // each seed knows only some of them, so that rare ones do not drown in others
  const events = all.filter(() => below(2) === 0);
  for (let i = 0; i < 20 && events.length > 0; i++) {
    try {
      await events[below(events.length)]!();
    } catch {
      // nothing runs that could be killed
    }
    await w.wait(1000 + below(60_000));
  }
  w.ailments.memory = w.ailments.disk = w.ailments.pids = false;
  w.runtime.away(false);
  for (const { metadata } of (await w.client.list(Pod, { namespace: "default" })).items)
    if (!metadata.deletionTimestamp) await w.client.delete(Pod, metadata.name ?? "", { namespace: "default" });
  await w.wait(900_000);
  const before = asked;
  await w.wait(600_000);
  await stop?.();
  return { story: [...story, ...w.runtime.calls], asked, atRest: asked - before };
}
test("a node whose chores rest sees every change in the same turn as one whose chores never do", async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const counted = await lived(seed, true);
    const plain = await lived(seed, false);
    assert.deepEqual(counted.story, plain.story, `seed ${seed}`);
    assert(counted.asked < plain.asked);
    assert.equal(plain.atRest, 60);
    assert.equal(counted.atRest, 0, "nothing is asked of a machine at rest");
  }
});
