import assert from "node:assert/strict";
import { test } from "node:test";
import { virtualClock } from "./clock.ts";
import { networkProber } from "./network.ts";
import type { Script } from "./script.ts";
import { Traffic } from "./traffic.ts";

const pods: Record<string, readonly Script[]> = {
  silent: [{}, {}],
  web: [{ http: () => ({ body: "web" }) }, {}],
  ported: [{ ports: [80, 443], http: ({ port }) => ({ body: String(port) }) }, { ports: [5432] }],
  rpc: [{ ports: [9000], grpc: service => (service === "ill" ? "NOT_SERVING" : "SERVING") }],
};
const traffic = new Traffic(virtualClock(0), address => pods[address] && { node: "node-1", pods: [pods[address]] });
const prober = networkProber(traffic, "node-1");

test("a TCP probe succeeds where a container listens, or where none says what it serves", async () => {
  await prober.tcp("silent", 1, 1000);
  await prober.tcp("elsewhere", 1, 1000);
  await prober.tcp("web", 8080, 1000);
  await prober.tcp("ported", 443, 1000);
  await prober.tcp("ported", 5432, 1000);
  await assert.rejects(prober.tcp("ported", 81, 1000), { message: "dial tcp ported:81: connect: connection refused" });
});

test("a gRPC probe is answered by the script that listens there", async () => {
  assert.equal(await prober.grpc("silent", 1, "", 1000), "SERVING");
  assert.equal(await prober.grpc("rpc", 9000, "", 1000), "SERVING");
  assert.equal(await prober.grpc("rpc", 9000, "ill", 1000), "NOT_SERVING");
  await assert.rejects(prober.grpc("rpc", 1, "", 2000), /^Error: timeout: failed to connect service "rpc:1" within 2s/);
  await assert.rejects(prober.grpc("web", 80, "", 1000), /does not implement the grpc health protocol/);
});

test("requests reach the container that listens on their port", async () => {
  const request = { method: "GET", path: "/", headers: {}, body: "" };
  assert.equal((await traffic.send(undefined, "web", { ...request, port: 1234 }, 1000)).body, "web");
  assert.equal((await traffic.send(undefined, "ported", { ...request, port: 443 }, 1000)).body, "443");
  await assert.rejects(traffic.send(undefined, "ported", { ...request, port: 81 }, 1000), /connection refused/);
  await assert.rejects(traffic.send(undefined, "ported", { ...request, port: 5432 }, 1000), /connection reset by peer/);
  await assert.rejects(traffic.send(undefined, "silent", { ...request, port: 80 }, 1000), /connection refused/);
  await assert.rejects(traffic.send(undefined, "elsewhere", { ...request, port: 80 }, 1000), /no route to host/);
});

test("a fault of probes fails them all, whatever the scripts say", async () => {
  const failing = networkProber(traffic, "node-1", () => "i/o timeout");
  await assert.rejects(failing.tcp("silent", 1, 1000), /i\/o timeout/);
  await assert.rejects(failing.grpc("rpc", 9000, "", 1000), /i\/o timeout/);
});
