/** What a request between pods sees when the network between their nodes fails, in virtual time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededChance } from "#base/chance.ts";
import type { Fault } from "#sim/faults/all.ts";
import { faultKinds } from "#sim/faults/all.ts";
import type { World } from "#sim/faults/fault.ts";
import { virtualClock } from "./clock.ts";
import { networkProber } from "./network.ts";
import type { Script } from "./script.ts";
import { Traffic } from "./traffic.ts";

/** A server on each of three nodes, by the node's name; each answers after `takes` milliseconds. */
function network(takes = 0) {
  const clock = virtualClock(0);
  const arrived: string[] = [];
  const server = (node: string): Script => ({
    async http({ method, body }) {
      arrived.push(`${method} at ${node}, ${clock.now()}`);
      if (takes > 0) await clock.sleep(takes);
      return { body: `${node}${body}` };
    },
  });
  const servers = new Map(["a", "b", "c"].map(node => [node, [server(node)]]));
  const traffic = new Traffic(clock, node => {
    const scripts = servers.get(node);
    return scripts && { node, pods: [scripts] };
  });
  /** What `from` has of `to`, and when; it waits for two seconds. */
  const ask = async (from: string | undefined, to: string, method = "GET"): Promise<string> => {
    const asked = traffic.send(from, to, { method, path: "/", port: 80, headers: {}, body: "" }, 2000).then(
      ({ body }) => `${body} at ${clock.now()}`,
      (error: Error) => `${error.message} at ${clock.now()}`,
    );
    const began = clock.now();
    await clock.advance(10_000);
    return (await asked).replace(/\d+$/, at => String(Number(at) - began));
  };
  const begin = (fault: Fault) =>
    faultKinds.find(k => k.name === fault.fault)!.begin(fault, { clock, traffic } as unknown as World, seededChance(1));
  return { clock, traffic, servers, arrived, ask, begin };
}
const SILENCE = "dial tcp b:80: i/o timeout at 2000";
const LATE = "context deadline exceeded (Client.Timeout exceeded while awaiting headers) at 2000";

test("nodes that do not reach others: their pods wait in vain, for as long as they do; within a node all goes on", async () => {
  const { ask, begin, arrived } = network();
  assert.equal(await ask("a", "b"), "b at 0");
  const end = begin({ fault: "nodePartition", nodes: ["b"] });
  assert.equal(await ask("a", "b"), SILENCE);
  assert.equal(await ask("b", "a"), SILENCE.replace("b:80", "a:80"));
  assert.equal(await ask("b", "b"), "b at 0");
  assert.equal(await ask("a", "c"), "c at 0");
  assert.equal(await ask(undefined, "b"), "b at 0");
  assert.equal(arrived.length, 4, "what was lost has not arrived");
  end();
  assert.equal(await ask("a", "b"), "b at 0");
});

test("only some do not reach each other; the network may say so at once", async () => {
  const { ask, begin } = network();
  begin({ fault: "nodePartition", nodes: ["a"], from: ["b"], refused: true });
  assert.equal(await ask("a", "b"), "dial tcp b:80: connect: connection refused at 0");
  assert.equal(await ask("b", "a"), "dial tcp a:80: connect: connection refused at 0");
  assert.equal(await ask("a", "c"), "c at 0");
  assert.equal(await ask("c", "b"), "b at 0");
});

test("one way only: what the ones send is lost, what the others ask is carried out and not answered", async () => {
  const { ask, begin, arrived } = network();
  begin({ fault: "nodePartition", nodes: ["a"], from: ["b"], oneWay: true });
  assert.equal(await ask("a", "b"), SILENCE);
  assert.deepEqual(arrived, []);
  assert.equal(await ask("b", "a"), LATE);
  assert.deepEqual(arrived, ["GET at a, 10000"]);
});

test("two partitions at once: the silent one counts, and each ends by itself", async () => {
  const { ask, begin } = network();
  const refused = begin({ fault: "nodePartition", nodes: ["a"], refused: true });
  const silent = begin({ fault: "nodePartition", nodes: ["b"] });
  assert.equal(await ask("a", "b"), SILENCE);
  silent();
  assert.match(await ask("a", "b"), /refused at 0$/);
  refused();
  assert.equal(await ask("a", "b"), "b at 0");
});

test("a partition that begins while a request is under way takes its answer; one that has ended by then does not", async () => {
  const { clock, ask, begin, arrived } = network(1000);
  clock.after(500, () => begin({ fault: "nodePartition", nodes: ["b"] }));
  assert.equal(await ask("a", "b"), LATE);
  assert.equal(arrived.length, 1);
  const other = network(1000);
  const end = other.begin({ fault: "nodePartition", nodes: ["a"], from: ["b"], oneWay: true });
  other.clock.after(500, end);
  assert.equal(await other.ask("b", "a"), "a at 1000");
});

test("a server that ends while it answers resets the connection; a machine without power says nothing", async () => {
  const { clock, servers, ask } = network(1000);
  clock.after(500, () => servers.set("b", []));
  assert.equal(await ask("a", "b"), "read tcp b:80: connection reset by peer at 1000");
  clock.after(500, () => servers.delete("c"));
  assert.equal(await ask("a", "c"), LATE);
  assert.equal(await ask("a", "c"), "dial tcp c:80: connect: no route to host at 0");
});

test("requests and answers are lost, late or doubled, between the nodes that are said", async () => {
  const lost = network();
  lost.begin({ fault: "traffic", does: "loseRequest", rate: 1, from: "a", to: "b" });
  assert.equal(await lost.ask("a", "b"), SILENCE);
  assert.equal(await lost.ask("b", "a"), "a at 0");
  assert.equal(await lost.ask("a", "c"), "c at 0");
  assert.equal(await lost.ask("a", "a"), "a at 0");

  const unanswered = network();
  unanswered.begin({ fault: "traffic", does: "loseAnswer", rate: 1 });
  assert.equal(await unanswered.ask("a", "b", "POST"), LATE);
  assert.deepEqual(unanswered.arrived, ["POST at b, 0"]);

  const doubled = network();
  doubled.begin({ fault: "traffic", does: "repeat", rate: 1 });
  assert.equal(await doubled.ask("a", "b"), "b at 0");
  assert.equal(doubled.arrived.length, 2);
  assert.equal(await doubled.ask("a", "b", "POST"), "b at 0");
  assert.equal(doubled.arrived.length, 3);
});

test("delays differ, so that requests overtake each other; the same seed gives the same ones", async () => {
  const story = async () => {
    const { clock, traffic, begin } = network();
    begin({ fault: "traffic", does: "delay", rate: 0.9, by: "1500ms" });
    const came: string[] = [];
    const one = (n: number) =>
      traffic
        .send("a", "b", { method: "GET", path: "/", port: 80, headers: {}, body: `${n}` }, 2000)
        .then(({ body }) => came.push(`${body} at ${clock.now()}`));
    const all = Promise.all(Array.from({ length: 10 }, (_, n) => one(n)));
    await clock.advance(2000);
    await all;
    return came;
  };
  const came = await story();
  assert.equal(came.length, 10);
  assert.notDeepEqual(came, came.toSorted());
  assert.deepEqual(await story(), came);
});

test("who asks has gone: nobody waits any more", async () => {
  const { clock, traffic, begin } = network();
  begin({ fault: "nodePartition", nodes: ["b"] });
  const ending = new AbortController();
  const request = { method: "GET", path: "/", port: 80, headers: {}, body: "" };
  const asked = assert.rejects(traffic.send("a", "b", request, 2000, ending.signal), { message: "gone" });
  ending.abort(new Error("gone"));
  await asked;
  await assert.rejects(traffic.send("a", "b", request, 2000, ending.signal), { message: "gone" });
  assert.equal(clock.pending, 0);
});

test("probes of another node's pods pass the same network", async () => {
  const { clock, traffic, servers, begin } = network();
  servers.set("b", [{ ports: [80], grpc: () => "SERVING", http: () => ({}) }]);
  const prober = networkProber(traffic, "a");
  const probed = async () => {
    const all = [prober.tcp("b", 80, 1000), prober.grpc("b", 80, "", 1000)].map(p =>
      p.then(
        said => said ?? "open",
        (error: Error) => error.message,
      ),
    );
    await clock.advance(1000);
    return Promise.all(all);
  };
  assert.deepEqual(await probed(), ["open", "SERVING"]);
  const end = begin({ fault: "nodePartition", nodes: ["b"] });
  assert.deepEqual(await probed(), [
    "dial tcp b:80: i/o timeout",
    'timeout: failed to connect service "b:80" within 1s: context deadline exceeded',
  ]);
  end();
  begin({ fault: "traffic", does: "loseAnswer", rate: 1 });
  assert.deepEqual(await probed(), ["dial tcp b:80: i/o timeout", "timeout: health rpc did not complete within 1s"]);
});
