/** Each kind of fault happens when and to whom it is said to, shows in the way of the real thing, and is over at its end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Cluster, createCluster, type Fault } from "coxswain";
import { seededChance } from "#base/chance.ts";
import type { HttpRequest, HttpResponse } from "#base/http.ts";
import { virtualClock } from "#sim/clock.ts";
import { type FaultName, faultKinds } from "#sim/faults/all.ts";
import { COMPONENTS, type World } from "#sim/faults/fault.ts";
import { Link } from "#sim/link.ts";

const POD = { apiVersion: "v1", kind: "Pod" } as const;
const NODE = { apiVersion: "v1", kind: "Node" } as const;

/** What becomes of requests by "kubelet/node-1" while `fault` goes on, and after it. */
function struck(fault: Fault) {
  const clock = virtualClock(0);
  const link = new Link(clock, true);
  const arrived: string[] = [];
  const server = async ({ method, url }: HttpRequest): Promise<HttpResponse> => {
    arrived.push(`${clock.now()} ${method} ${url}`);
    const events = async function* () {
      for (let n = 1; n < 100; n++) {
        await clock.sleep(1000);
        yield [{ type: "ADDED" as const, object: { apiVersion: "v1", kind: "Pod", metadata: { resourceVersion: String(n) } } }];
      }
    };
    return { status: 200, headers: {}, ...(url.includes("watch=1") ? { events: events() } : { body: new Uint8Array() }) };
  };
  const ways = { kubelet: link.join("kubelet/node-1", server), scheduler: link.join("kube-scheduler", server) };
  const kind = faultKinds.find(k => k.name === fault.fault)!;
  const end = kind.begin(fault, { clock, link } as unknown as World, seededChance(1));
  /** The answer's status and when it came, or the error. */
  const ask = async (method: string, url: string, who: keyof typeof ways = "kubelet"): Promise<string> => {
    const asked = ways[who]({ method, url, headers: {} }).then(
      async ({ status, body }) => {
        const { message = "" } = body instanceof Uint8Array && body.length > 0 ? JSON.parse(new TextDecoder().decode(body)) : {};
        return `${status} ${message} at ${clock.now()}`;
      },
      (error: Error) => `${error.message} at ${clock.now()}`,
    );
    await clock.advance(20_000);
    return asked;
  };
  return { clock, link, ways, arrived, ask, end };
}

test("answers: each code for the requests that could get it, by whom it is said, until the end", async () => {
  const cases = [
    { code: 409, method: "PUT", url: "/api/v1/nodes/x", spared: ["GET", "/api/v1/nodes/x"], says: /^409 Operation cannot be fulfilled/ },
    {
      code: 410,
      method: "GET",
      url: "/api/v1/pods?watch=1&resourceVersion=5",
      spared: ["GET", "/api/v1/pods"],
      says: /^410 too old resource/,
    },
    { code: 429, method: "GET", url: "/api/v1/pods", says: /^429 too many requests/ },
    { code: 500, method: "POST", url: "/api/v1/pods", says: /^500 an error on the server/ },
    { code: 503, method: "POST", url: "/api/v1/pods", says: /^503 the server is currently unable/ },
    { code: 504, method: "POST", url: "/api/v1/pods", says: /^504 the server was unable to return a response in the time allotted/ },
  ] as const;
  for (const { code, method, url, says, ...more } of cases) {
    const { ask, end } = struck({ fault: "answer", code, rate: 1, who: "kubelet" });
    assert.match(await ask(method, url), says);
    assert.match(await ask(method, url, "scheduler"), /^200/);
    if ("spared" in more) assert.match(await ask(more.spared[0], more.spared[1]), /^200/);
    end();
    assert.match(await ask(method, url), /^200/);
  }
  // of requests that time out some were carried out
  const { ask, arrived } = struck({ fault: "answer", code: 504, rate: 1 });
  for (let i = 0; i < 20; i++) assert.match(await ask("POST", "/api/v1/pods"), /^504/);
  assert.ok(arrived.length > 2 && arrived.length < 18, `${arrived.length} of 20 arrived`);
  const half = struck({ fault: "answer", code: 500, rate: 0.5 });
  let refused = 0;
  for (let i = 0; i < 40; i++) if ((await half.ask("GET", "/api/v1/pods")).startsWith("500")) refused++;
  assert.ok(refused > 8 && refused < 32, `${refused} of 40 were refused`);
});

test("messages are lost, delayed so that they overtake each other, repeated; answers are lost; watches are cut", async () => {
  const lost = struck({ fault: "message", does: "loseRequest", rate: 1, by: "2s" });
  assert.equal(await lost.ask("PUT", "/a"), "read tcp 198.18.0.1:6443: i/o timeout at 2000");
  assert.deepEqual(lost.arrived, []);
  const answer = struck({ fault: "message", does: "loseAnswer", rate: 1 });
  assert.match(await answer.ask("PUT", "/a"), /^read tcp .* connection reset by peer at /);
  assert.equal(answer.arrived.length, 1);
  const late = struck({ fault: "message", does: "delay", rate: 1, by: "5s" });
  const order: number[] = [];
  for (let i = 0; i < 10; i++) void late.ways.kubelet({ method: "GET", url: `/${i}`, headers: {} }).then(() => order.push(i));
  await late.clock.advance(5000);
  assert.equal(order.length, 10);
  assert.notDeepEqual(order, [...order].sort(), "they overtake each other");
  const twice = struck({ fault: "message", does: "repeat", rate: 1 });
  assert.match(await twice.ask("PUT", "/a"), /^200/);
  assert.match(await twice.ask("POST", "/b"), /^200/);
  assert.deepEqual(
    twice.arrived.map(a => a.replace(/^\d+ /, "")),
    ["PUT /a", "PUT /a", "POST /b"],
  );
});

for (const fault of [
  { fault: "message", does: "cutWatch", rate: 1, by: "5s" },
  { fault: "watchCut", who: "kubelet" },
  { fault: "partition", who: "kubelet/node-1" },
] as const)
  test(`a watch ends with an error: ${JSON.stringify(fault)}`, async () => {
    const before = struck({ fault: "watchCut", who: "nobody" });
    const said: string[] = [];
    const watch = async () => {
      const { events } = await before.ways.kubelet({ method: "GET", url: "/pods?watch=1", headers: {} });
      for await (const _ of events!) said.push("event");
    };
    const kind = faultKinds.find(k => k.name === fault.fault)!;
    const world = before as unknown as World;
    // what harms watches from their beginning on is there before
    if (fault.fault === "message") kind.begin(fault, world, seededChance(1));
    const ended = watch().catch((error: Error) => said.push(error.message));
    await before.clock.advance(500);
    if (fault.fault !== "message") {
      await before.clock.advance(2000);
      kind.begin(fault, world, seededChance(1));
    }
    await before.clock.advance(5000);
    await ended;
    assert.equal(said.at(-1), "read tcp 198.18.0.1:6443: connection reset by peer");
    if (fault.fault !== "partition") return;
    assert.match(await before.ask("GET", "/pods"), /^dial tcp .* i\/o timeout/);
    assert.match(await before.ask("GET", "/pods", "scheduler"), /^200/);
  });

/** A cluster of two nodes with a server on node-1, at rest. */
async function served(faults: readonly Fault[] = []): Promise<Cluster> {
  const images = { web: () => ({ http: () => ({ body: "web" }) }) };
  const cluster = await createCluster({ nodes: 2, faults, images, invariants: "all" });
  const readinessProbe = { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 1 };
  await cluster.apply([
    {
      ...POD,
      metadata: { name: "web", labels: { app: "web" } },
      spec: { nodeName: "node-1", containers: [{ name: "app", image: "web:1", readinessProbe }] },
    },
    { apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec: { selector: { app: "web" }, ports: [{ port: 80 }] } },
    { ...POD, metadata: { name: "caller" }, spec: { nodeName: "node-2", containers: [{ name: "app", image: "caller" }] } },
  ]);
  await cluster.clock.advance("10s");
  return cluster;
}
/** No fault goes on any more, and all have found their way back. */
async function over(cluster: Cluster): Promise<void> {
  while (cluster.faults.pending > 0) await cluster.clock.advance("10s");
  await cluster.settled();
}
/** What a pod of node-2 has of the server, in the last words of the sentence. */
function calls(cluster: Cluster): Promise<string> {
  return cluster.fetch("http://web", { from: "caller", timeout: "2s" }).then(
    ({ body }) => body,
    (error: Error) => error.message.split(": ").at(-1) ?? "",
  );
}
async function conditionOf(cluster: Cluster, type: string): Promise<string | undefined> {
  const { status } = await cluster.client.get(NODE, "node-1");
  return status.conditions?.find(c => c.type === type)?.status;
}
const web = (cluster: Cluster) => cluster.client.get(POD, "web", "default");
const another = { ...POD, metadata: { name: "other" }, spec: { nodeName: "node-1", containers: [{ name: "app", image: "other:1" }] } };

/** What shows while a fault goes on for ten minutes from the beginning of the second, and whether it still does so long after its end. */
const shown: Partial<
  Record<FaultName, { readonly fault: Fault; shows(cluster: Cluster): Promise<boolean>; readonly after?: "30s" | "9m" }[]>
> = {
  nodeDeath: [
    { fault: { fault: "nodeDeath", node: "node-1" }, after: "9m", shows: async c => (await conditionOf(c, "Ready")) === "Unknown" },
  ],
  kubeletDeath: [
    { fault: { fault: "kubeletDeath", node: "node-1" }, after: "9m", shows: async c => (await conditionOf(c, "Ready")) === "Unknown" },
  ],
  partition: [
    { fault: { fault: "partition", who: "kubelet/node-1" }, after: "9m", shows: async c => (await conditionOf(c, "Ready")) === "Unknown" },
  ],
  nodePartition: [
    { fault: { fault: "nodePartition", nodes: ["node-1"] }, shows: async c => (await calls(c)) === "i/o timeout" },
    { fault: { fault: "nodePartition", nodes: ["node-1"], refused: true }, shows: async c => (await calls(c)) === "connection refused" },
    {
      fault: { fault: "nodePartition", nodes: ["node-1"], from: ["node-2"], oneWay: true },
      shows: async c => /^context/.test(await calls(c)),
    },
  ],
  traffic: [{ fault: { fault: "traffic", does: "loseRequest", rate: 1 }, shows: async c => (await calls(c)) === "i/o timeout" }],
  runtimeDeath: [
    { fault: { fault: "runtimeDeath", node: "node-1" }, after: "9m", shows: async c => (await conditionOf(c, "Ready")) === "False" },
  ],
  pressure: (["memory", "disk", "pids"] as const).map(of => ({
    fault: { fault: "pressure", node: "node-1", of },
    shows: async c => (await conditionOf(c, { memory: "MemoryPressure", disk: "DiskPressure", pids: "PIDPressure" }[of])) === "True",
  })),
  probes: [
    {
      fault: { fault: "probes", node: "node-1" },
      shows: async c => (await web(c)).status.conditions?.find(condition => condition.type === "Ready")?.status === "False",
    },
  ],
  clockSkew: [true, false].map(behind => ({
    fault: { fault: "clockSkew", node: "node-1", by: "1h", behind },
    async shows(c) {
      const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" } as const;
      const { spec } = await c.client.get(lease, "node-1", "kube-node-lease");
      const ahead = Date.parse(spec.renewTime ?? "") - c.clock.now();
      return Math.abs(ahead - (behind ? -3600_000 : 3600_000)) < 60_000;
    },
  })),
  controlPlaneDeath: [
    {
      fault: { fault: "controlPlaneDeath" },
      shows: c =>
        web(c).then(
          () => c.controlPlane.runs() === false,
          (error: Error) => /connection refused/.test(error.message),
        ),
    },
  ],
};

for (const [name, cases] of Object.entries(shown))
  for (const { fault, shows, after = "30s" } of cases)
    test(`${name} shows while it lasts: ${JSON.stringify(fault)}`, async t => {
      const cluster = await served([{ ...fault, at: "1m", for: "10m" }]);
      t.after(() => cluster.close());
      await cluster.clock.advance("40s");
      assert.equal(await shows(cluster), false, "before");
      await cluster.clock.advance("10s");
      await cluster.clock.advance(after);
      assert.equal(await shows(cluster), true, "while it lasts");
      await over(cluster);
      assert.equal(await shows(cluster), false, "after its end");
    });

test("containers crash; images come slowly, or not at all", async t => {
  const cluster = await served([
    { at: "1m", fault: "containerCrash", node: "node-1" },
    { at: "2m", fault: "pulls", node: "node-1", fails: true, for: "1m" },
  ]);
  t.after(() => cluster.close());
  await cluster.clock.advance("100s");
  const [status] = (await web(cluster)).status.containerStatuses ?? [];
  assert.equal(status?.restartCount, 1);
  assert.equal(status?.lastState?.terminated?.exitCode, 137);
  await cluster.clock.advance("20s");
  await cluster.apply(another);
  await cluster.clock.advance("30s");
  const state = async () => (await cluster.client.get(POD, "other", "default")).status.containerStatuses?.[0]?.state;
  assert.match((await state())?.waiting?.reason ?? "", /ErrImagePull|ImagePullBackOff/);
  await over(cluster);
  assert.ok((await state())?.running);
  cluster.faults.add([{ fault: "pulls", node: "node-1", take: "40s", for: "10m" }]);
  await cluster.apply({
    ...another,
    metadata: { name: "third" },
    spec: { ...another.spec, containers: [{ name: "app", image: "third:1" }] },
  });
  await cluster.clock.advance("30s");
  const third = async () => (await cluster.client.get(POD, "third", "default")).status.phase;
  assert.equal(await third(), "Pending");
  await cluster.clock.advance("20s");
  assert.equal(await third(), "Running");
});

for (const port of ["client", "runtime", "disk", "cgroups", "machine", "prober"] as const)
  for (const when of ["before", "after"] as const)
    test(`a kubelet dies ${when} a call of its ${port}, and comes back`, async t => {
      const cluster = await served([{ at: "20s", fault: "crash", who: "kubelet/node-1", port, call: 3, when, for: "2m" }]);
      t.after(() => cluster.close());
      await cluster.clock.advance("11s");
      assert.equal(cluster.nodes.state("node-1").kubelet, true);
      await cluster.apply(another);
      await cluster.clock.advance("90s");
      assert.equal(cluster.nodes.state("node-1").kubelet, false);
      await over(cluster);
      assert.equal(cluster.nodes.state("node-1").kubelet, true);
      assert.equal((await cluster.client.get(POD, "other", "default")).status.phase, "Running");
    });

for (const port of ["store", "client"] as const)
  test(`a control plane dies in a call of its ${port}, and comes back`, async t => {
    const cluster = await served([{ at: "20s", fault: "crash", who: "control-plane", port, call: 2, when: "before", for: "2m" }]);
    t.after(() => cluster.close());
    await cluster.clock.advance("11s");
    // whoever asks may be the one in whose call it dies
    await cluster.client.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "more" } }).catch(() => undefined);
    await cluster.clock.advance("1m");
    assert.equal(cluster.controlPlane.runs(), false);
    await over(cluster);
    assert.equal(cluster.controlPlane.runs(), true);
  });

test("the components that a seed may harm are there", async t => {
  const cluster = await createCluster({ controlPlanes: 2, faults: COMPONENTS.map(who => ({ at: "1m", fault: "watchCut", who })) });
  t.after(() => cluster.close());
  assert.equal(cluster.faults.pending, COMPONENTS.length);
});

test("every kind of fault is shown to be one: here, or in the tests of the store's disk", () => {
  const here: readonly FaultName[] = [
    "answer",
    "message",
    "watchCut",
    "containerCrash",
    "pulls",
    "crash",
    ...(Object.keys(shown) as FaultName[]),
  ];
  assert.deepEqual([...here, "disk"].sort(), faultKinds.map(k => k.name).sort());
});
