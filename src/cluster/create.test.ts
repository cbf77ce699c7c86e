import assert from "node:assert/strict";
import https from "node:https";
import { test } from "node:test";
import { deserialize, serialize } from "node:v8";
import { type Cluster, createCluster, type Snapshot } from "coxswain";

const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
      - { name: app, image: "web:1" }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
`;

test("a deployment is applied, settles and is told of", async t => {
  const cluster = await createCluster({ seed: 7, nodes: 2 });
  t.after(() => cluster.close());
  await cluster.apply(WEB);
  await cluster.settled();
  const web = await cluster.client.get({ apiVersion: "apps/v1", kind: "Deployment" }, "web", "default");
  assert.equal(web.status.availableReplicas, 3);
  const pods = await cluster.client.list({ apiVersion: "v1", kind: "Pod" }, { namespace: "default" });
  assert.deepEqual(new Set(pods.items.map(p => p.spec.nodeName)), new Set(["node-1", "node-2"]));
  assert.match(await cluster.why("pod", pods.items[0]?.metadata.name ?? ""), /it exists because/);
  const answer = await cluster.transport({ method: "GET", url: "/api/v1/nodes/node-2", headers: {} });
  assert.equal(answer.status, 200);
});

test("the same seed gives the same history byte for byte; another seed another", async () => {
  const story = async (seed: number) => {
    const cluster = await createCluster({ seed, nodes: 3 });
    await cluster.apply(WEB);
    await cluster.clock.advance("1m");
    // what the caller waits for in between is no part of the story
    if (Math.random() < 0.5) await new Promise(resolve => setTimeout(resolve, 5));
    await cluster.client.patch({ apiVersion: "apps/v1", kind: "Deployment" }, "web", { spec: { replicas: 5 } }, { namespace: "default" });
    await cluster.settled();
    await cluster.client.delete({ apiVersion: "apps/v1", kind: "Deployment" }, "web", { namespace: "default" });
    await cluster.settled();
    const history = cluster.history();
    await cluster.close();
    return JSON.stringify(history, undefined, 1);
  };
  const first = await story(3);
  assert.equal(await story(3), first);
  assert.notEqual(await story(4), first);
});

test("images are functions: they serve on the cluster's network, end, log, answer commands and fail probes", async t => {
  let well = true;
  const cluster = await createCluster({
    nodes: 2,
    images: {
      web: ({ pod, env }) => ({
        http: ({ path, port }) =>
          path === "/healthz" ? { status: well ? 200 : 500 } : { body: `${env.GREETING} from ${pod}:${port}${path}` },
        exec: command => ({ exitCode: command[0] === "false" ? 1 : 0, output: "said" }),
      }),
      "job:1": ({ restarts }) => ({ runsFor: "2s", exitCode: restarts < 2 ? 1 : 0, log: "worked\n" }),
    },
  });
  t.after(() => cluster.close());
  const probe = { httpGet: { path: "/healthz", port: 8080 }, periodSeconds: 1, failureThreshold: 1 };
  await cluster.apply([
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web" },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web" } },
          spec: { containers: [{ name: "app", image: "web:1", env: [{ name: "GREETING", value: "hello" }], readinessProbe: probe }] },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web" },
      spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] },
    },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "once" },
      spec: { restartPolicy: "OnFailure", containers: [{ name: "job", image: "job:1" }] },
    },
  ]);
  await cluster.settled({ quiet: "1m" });
  const answers = await Promise.all(Array.from({ length: 8 }, () => cluster.fetch("http://web.default.svc/x?y=1")));
  assert.match(answers[0]?.body ?? "", /^hello from web-.*:8080\/x\?y=1$/);
  assert.equal(new Set(answers.map(a => a.body)).size, 2, "both endpoints are used");
  assert.equal((await cluster.fetch("http://web")).status, 200);
  await assert.rejects(cluster.fetch("http://web.other"), /no such host/);
  await assert.rejects(cluster.fetch("http://web:81"), /connection refused/);
  const once = await cluster.client.get({ apiVersion: "v1", kind: "Pod" }, "once", "default");
  assert.equal(once.status.phase, "Succeeded");
  assert.equal(once.status.containerStatuses?.[0]?.restartCount, 2);
  well = false;
  await cluster.settled();
  await assert.rejects(cluster.fetch("http://web"), /connection refused/);
});

test("clients of the API reach what images serve through its proxies", async t => {
  const cluster = await createCluster({
    images: { web: ({ pod }) => ({ http: ({ method, path, body }) => ({ status: 201, body: `${pod}: ${method} ${path} ${body}` }) }) },
  });
  t.after(() => cluster.close());
  await cluster.apply(WEB.replace("replicas: 3", "replicas: 1"));
  await cluster.settled();
  const [pod] = (await cluster.client.list({ apiVersion: "v1", kind: "Pod" }, { namespace: "default" })).items;
  const ask = async (url: string, body?: string) => {
    const headers = { "content-type": "text/plain" };
    const answer = await cluster.transport(
      body ? { method: "POST", url, headers, body: new TextEncoder().encode(body) } : { method: "GET", url, headers },
    );
    assert.ok(answer.body instanceof Uint8Array);
    return `${answer.status} ${new TextDecoder().decode(answer.body)}`;
  };
  const name = pod?.metadata.name;
  assert.equal(await ask("/api/v1/namespaces/default/services/web/proxy/x?y=1"), `201 ${name}: GET /x?y=1 `);
  assert.equal(await ask(`/api/v1/namespaces/default/pods/${name}:8080/proxy/z`, "hello"), `201 ${name}: POST /z hello`);
  await cluster.client.delete({ apiVersion: "apps/v1", kind: "Deployment" }, "web", { namespace: "default" });
  await cluster.settled();
  assert.match(await ask("/api/v1/namespaces/default/services/web/proxy/x"), /^503 .*no endpoints available/s);
});

test("a fork begins where a cluster stands, and neither knows of the other; a snapshot is a value", async t => {
  const cluster = await createCluster({ nodes: 2 });
  t.after(() => cluster.close());
  await cluster.apply(WEB);
  await cluster.settled();
  const names = async (c: Cluster) => (await c.client.list({ apiVersion: "v1", kind: "Pod" })).items.map(p => p.metadata.uid);
  const before = await names(cluster);
  const fork = await cluster.fork();
  t.after(() => fork.close());
  assert.equal(fork.clock.now(), cluster.clock.now());
  assert.deepEqual(await names(fork), before);
  await fork.settled();
  const restarts = (await fork.client.list({ apiVersion: "v1", kind: "Pod" })).items.flatMap(
    p => p.status.containerStatuses?.map(c => c.restartCount) ?? [],
  );
  assert.deepEqual(restarts, [0, 0, 0], "containers go on running");
  await fork.client.delete({ apiVersion: "apps/v1", kind: "Deployment" }, "web", { namespace: "default" });
  await fork.settled();
  assert.deepEqual(await names(fork), []);
  assert.deepEqual(await names(cluster), before);
  const again = async () => {
    const c = await createCluster({ from: deserialize(serialize(await cluster.snapshot())) as Snapshot });
    await c.client.patch({ apiVersion: "apps/v1", kind: "Deployment" }, "web", { spec: { replicas: 1 } }, { namespace: "default" });
    await c.settled();
    const told = JSON.stringify(c.history());
    await c.close();
    return told;
  };
  assert.equal(await again(), await again());
});

test("real clients reach it over HTTPS, in a time that goes along with theirs", async t => {
  const cluster = await createCluster();
  t.after(() => cluster.close());
  const { url, kubeconfig } = await cluster.serve();
  const pem = (field: string) => Buffer.from(new RegExp(`${field}: (\\S+)`).exec(kubeconfig)?.[1] ?? "", "base64").toString();
  const [ca, cert, key] = ["certificate-authority-data", "client-certificate-data", "client-key-data"].map(pem);
  const get = (path: string) =>
    new Promise<string>((resolve, reject) => {
      const request = https.get(`${url}${path}`, { ca, cert, key, agent: false }, async response => {
        const parts = await response.toArray();
        resolve(Buffer.concat(parts).toString());
      });
      request.on("error", reject);
    });
  await cluster.apply("{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: app, image: a}]}}");
  const phase = async () => JSON.parse(await get("/api/v1/namespaces/default/pods/a")).status.phase;
  while ((await phase()) !== "Running");
  assert.match(kubeconfig, new RegExp(url));
});

test("a scheduler that has just come to the end of its queue takes what arrives in that moment", async t => {
  const cluster = await createCluster({ nodes: 20 });
  t.after(() => cluster.close());
  await cluster.apply(WEB.replace("replicas: 3", "replicas: 20"));
  await cluster.settled({ within: "5m" });
  const { status } = await cluster.client.get({ apiVersion: "apps/v1", kind: "Deployment" }, "web", "default");
  assert.equal(status.availableReplicas, 20);
});

test("TCP and gRPC probes are answered by what the image says that it serves", async t => {
  let well = true;
  const images = {
    db: () => ({ ports: [5432] }),
    rpc: () => ({ ports: [9000], grpc: () => (well ? ("SERVING" as const) : ("NOT_SERVING" as const)) }),
  };
  const cluster = await createCluster({ images });
  t.after(() => cluster.close());
  const often = { periodSeconds: 1, failureThreshold: 1 };
  const pod = (name: string, image: string, readinessProbe: object) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { containers: [{ name: "app", image, readinessProbe: { ...readinessProbe, ...often } }] },
  });
  await cluster.apply([
    pod("right", "db", { tcpSocket: { port: 5432 } }),
    pod("wrong", "db", { tcpSocket: { port: 5433 } }),
    pod("rpc", "rpc", { grpc: { port: 9000 } }),
  ]);
  await cluster.settled();
  const ready = async (name: string) =>
    (await cluster.client.get({ apiVersion: "v1", kind: "Pod" }, name, "default")).status.containerStatuses?.[0]?.ready;
  assert.deepEqual([await ready("right"), await ready("wrong"), await ready("rpc")], [true, false, true]);
  well = false;
  await cluster.clock.advance("5s");
  assert.equal(await ready("rpc"), false);
});
