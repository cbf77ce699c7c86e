/** Images that call each other over the cluster's network, in virtual time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Cluster, type ClusterOptions, createCluster } from "coxswain";

const POD = { apiVersion: "v1", kind: "Pod" } as const;
const pod = (name: string, nodeName: string, restartPolicy = "Always") => ({
  ...POD,
  metadata: { name, labels: { app: name } },
  spec: { nodeName, restartPolicy, containers: [{ name: "app", image: `${name}:1` }] },
});
const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "server" },
  spec: { selector: { app: "server" }, ports: [{ port: 80 }] },
};
const logOf = async (cluster: Cluster, name: string): Promise<string> => {
  const { body } = await cluster.transport({ method: "GET", url: `/api/v1/namespaces/default/pods/${name}/log`, headers: {} });
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  let said = "";
  for await (const piece of body ?? []) said += new TextDecoder().decode(piece);
  return said;
};
/** A server, and a client that asks it every ten seconds and waits for two. */
const images: ClusterOptions["images"] = {
  server: ({ pod }) => ({ http: ({ path }) => ({ body: `${pod} serves ${path}` }) }),
  client: ({ fetch, sleep, now, print }) => ({
    async main() {
      for (let n = 1; ; n++) {
        const began = now();
        const said = await fetch(`http://server/${n}`, { timeout: "2s" }).then(
          a => a.body,
          (error: Error) => error.message.replace(/10\.\d+\.\d+\.\d+/, "SERVER"),
        );
        print(`${said} after ${now() - began} ms`);
        await sleep("10s");
      }
    },
  }),
};

test("a client whose node does not reach the server's waits for as long as it says, and is answered again afterwards", async () => {
  const story = async () => {
    const faults = [{ at: "25s", fault: "nodePartition", nodes: ["node-2"], from: ["node-1"], for: "20s" }] as const;
    const cluster = await createCluster({ nodes: 3, images, faults, invariants: "all" });
    await cluster.apply([service, pod("server", "node-1")]);
    await cluster.clock.advance("15s");
    await cluster.apply(pod("client", "node-2"));
    await cluster.clock.advance("1m");
    const said = await logOf(cluster, "client");
    const history = JSON.stringify(cluster.history());
    await cluster.close();
    return { said, history };
  };
  const { said, history } = await story();
  const lost = "dial tcp SERVER:80: i/o timeout after 2000 ms";
  const answers = said.trim().split("\n");
  assert.equal(answers[0], "server serves /1 after 0 ms");
  assert.deepEqual(
    answers.filter(a => a === lost),
    [lost, lost],
    said,
  );
  assert.match(answers.at(-1) ?? "", /^server serves \/\d after 0 ms$/);
  const again = await story();
  assert.equal(again.said, said);
  assert.equal(again.history, history);
});

test("a server may ask others before it answers; whoever has the cluster in hand lets time pass meanwhile", async t => {
  const cluster = await createCluster({
    nodes: 2,
    images: {
      server: ({ fetch }) => ({ http: async () => ({ body: `it says: ${(await fetch("http://slow")).body}` }) }),
      slow: ({ sleep }) => ({
        async http() {
          await sleep("3s");
          return { body: "hello" };
        },
      }),
    },
  });
  t.after(() => cluster.close());
  const slow = { ...service, metadata: { name: "slow" }, spec: { ...service.spec, selector: { app: "slow" } } };
  await cluster.apply([service, slow, pod("server", "node-1"), pod("slow", "node-2")]);
  await cluster.settled();
  const began = cluster.clock.now();
  assert.equal((await cluster.fetch("http://server")).body, "it says: hello");
  assert.equal(cluster.clock.now() - began, 3000);
  await assert.rejects(cluster.fetch("http://server", { timeout: "1s", from: "slow" }), { message: /^context deadline exceeded/ });
  await assert.rejects(cluster.fetch("http://server", { from: "nobody" }), { message: "from: there is no pod default/nobody" });
});

test("a program's end is its container's: well, with a code, or with what it threw in its log", async t => {
  const stopped: string[] = [];
  const cluster = await createCluster({
    images: {
      well: ({ sleep }) => ({ main: () => sleep("5s") }),
      code: () => ({ main: async () => 7 }),
      thrown: ({ print }) => ({
        log: "begins",
        async main() {
          print("two\nlines");
          throw new Error("it cannot be");
        },
      }),
      endless: ({ sleep }) => ({
        main: () =>
          sleep("100h").catch((error: Error) => {
            stopped.push(error.message);
            throw error;
          }),
      }),
    },
  });
  t.after(() => cluster.close());
  await cluster.apply(["well", "code", "thrown", "endless"].map(name => pod(name, "node-1", "Never")));
  await cluster.clock.advance("3s");
  const state = async (name: string) => (await cluster.client.get(POD, name, "default")).status.containerStatuses?.[0]?.state;
  assert.ok((await state("well"))?.running);
  await cluster.clock.advance("10s");
  assert.equal((await state("well"))?.terminated?.exitCode, 0);
  assert.equal((await state("code"))?.terminated?.exitCode, 7);
  assert.equal((await state("thrown"))?.terminated?.exitCode, 1);
  assert.equal(await logOf(cluster, "thrown"), "begins\ntwo\nlines\nError: it cannot be\n");
  assert.ok((await state("endless"))?.running);
  const fork = await cluster.fork();
  t.after(() => fork.close());
  await cluster.client.delete(POD, "endless", { namespace: "default" });
  await cluster.settled();
  assert.deepEqual(stopped, ["the container has ended"]);
  assert.equal(
    (await fork.client.get(POD, "endless", "default")).status.containerStatuses?.[0]?.restartCount,
    0,
    "in a fork a program begins anew, and its container runs on",
  );
});

test("pods of the node's network answer at its address, each on its own port, and behind a service", async t => {
  const agent = (name: string, port: number) => ({
    ...POD,
    metadata: { name, labels: { app: name } },
    spec: {
      nodeName: "node-1",
      hostNetwork: true,
      containers: [{ name: "app", image: `${name}:1`, ports: [{ containerPort: port }], readinessProbe: { httpGet: { port, path: "/" } } }],
    },
  });
  const cluster = await createCluster({
    nodes: 2,
    images: {
      server: () => ({ ports: [9100], http: ({ path }) => ({ body: `server ${path}` }) }),
      other: () => ({ ports: [9200], http: () => ({ body: "other" }) }),
    },
  });
  t.after(() => cluster.close());
  await cluster.apply([
    { ...service, spec: { selector: { app: "server" }, ports: [{ port: 80, targetPort: 9100 }] } },
    agent("server", 9100),
    agent("other", 9200),
    agent("silent", 9300),
  ]);
  await cluster.settled();
  const { status } = await cluster.client.get(POD, "server", "default");
  assert.equal(status.podIP, status.hostIP);
  for (const name of ["server", "other", "silent"])
    assert.ok((await cluster.client.get(POD, name, "default")).status.containerStatuses?.[0]?.ready, `${name} is ready`);
  assert.equal((await cluster.fetch("http://server/a")).body, "server /a");
  assert.equal((await cluster.fetch(`http://${status.hostIP}:9100/b`)).body, "server /b");
  assert.equal((await cluster.fetch(`http://${status.hostIP}:9200/`)).body, "other");
  await assert.rejects(cluster.fetch(`http://${status.hostIP}:9400/`), /^Error: dial tcp .*:9400: connect: connection refused$/);
  cluster.nodes.stop("node-1");
  await assert.rejects(cluster.fetch(`http://${status.hostIP}:9100/`), /^Error: dial tcp .*:9100: connect: no route to host$/);
});
