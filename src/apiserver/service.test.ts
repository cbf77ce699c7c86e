import assert from "node:assert/strict";
import test from "node:test";
import { testServer } from "#apiserver/testing.ts";
import { parseCidr } from "#base/cidr.ts";
import { virtualClock } from "#sim/clock.ts";

const SERVICES = "/api/v1/namespaces/default/services";
const service = (name: string, spec: object) => ({ metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });

test("addresses and node ports are given once, and handed back", async () => {
  const server = await testServer(virtualClock());
  const a = (await server.ask("POST", SERVICES, service("a", { type: "NodePort", clusterIP: "10.96.0.50" }))).body;
  assert.equal(a.spec.clusterIP, "10.96.0.50");
  assert.deepEqual(a.spec.clusterIPs, ["10.96.0.50"]);
  assert.deepEqual(a.spec.ipFamilies, ["IPv4"]);
  const { nodePort } = a.spec.ports[0];
  assert.ok(nodePort >= 30000 && nodePort <= 32767);
  const taken = (await server.ask("POST", SERVICES, service("b", { clusterIP: "10.96.0.50" }))).body;
  assert.equal(taken.code, 422);
  assert.equal(
    taken.message,
    'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.50"]: failed to allocate IP 10.96.0.50: provided IP is already allocated',
  );
  const port = (await server.ask("POST", SERVICES, service("b", { type: "NodePort", ports: [{ port: 80, nodePort }] }))).body;
  assert.equal(
    port.message,
    `Service "b" is invalid: spec.ports[0].nodePort: Invalid value: ${nodePort}: provided port is already allocated`,
  );
  await server.ask("DELETE", `${SERVICES}/a`);
  const again = await server.ask(
    "POST",
    SERVICES,
    service("b", { type: "NodePort", clusterIP: "10.96.0.50", ports: [{ port: 80, nodePort }] }),
  );
  assert.equal(again.code, 201);
  server.close();
});

test("what lies outside the ranges is refused", async () => {
  const server = await testServer(virtualClock());
  const ip = (await server.ask("POST", SERVICES, service("a", { clusterIP: "1.2.3.4" }))).body;
  assert.equal(
    ip.message,
    'Service "a" is invalid: spec.clusterIPs: Invalid value: ["1.2.3.4"]: failed to allocate IP 1.2.3.4: the provided IP (1.2.3.4) is not in the valid range. The range of valid IPs is 10.96.0.0/16',
  );
  const port = (await server.ask("POST", SERVICES, service("a", { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] }))).body;
  assert.equal(
    port.message,
    'Service "a" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
  );
  server.close();
});

test("a change of type takes and lets go", async () => {
  const server = await testServer(virtualClock());
  const url = `${SERVICES}/a`;
  const a = (await server.ask("POST", SERVICES, service("a", { type: "NodePort" }))).body;
  const plain = (await server.ask("PUT", url, { ...a, spec: { ...a.spec, type: "ClusterIP" } })).body;
  assert.equal(plain.spec.ports[0].nodePort, undefined);
  assert.equal(plain.spec.clusterIP, a.spec.clusterIP);
  const named = (await server.ask("PUT", url, { ...plain, spec: { ...plain.spec, type: "ExternalName", externalName: "example.com" } }))
    .body;
  assert.equal(named.spec.clusterIP, undefined);
  const back = (await server.ask("PUT", url, { ...named, spec: { ports: [{ port: 80 }], type: "ClusterIP" } })).body;
  assert.match(back.spec.clusterIP, /^10\.96\./);
  server.close();
});

test("many at once never share an address, and a full range says so", async () => {
  const services = { addresses: parseCidr("10.96.0.0/28")!, nodePorts: { from: 30000, to: 30001 } };
  const server = await testServer(virtualClock(), { services });
  const answers = await Promise.all([...Array(14).keys()].map(i => server.ask("POST", SERVICES, service(`s${i}`, {}))));
  assert.deepEqual([...new Set(answers.map(a => a.code))], [201]);
  assert.equal(new Set(answers.map(a => a.body.spec.clusterIP)).size, 14);
  const full = (await server.ask("POST", SERVICES, service("more", {}))).body;
  assert.equal(full.code, 500);
  assert.equal(full.message, "Internal error occurred: failed to allocate a serviceIP: range is full");
  server.close();
});

test("headless services and external names have no address", async () => {
  const server = await testServer(virtualClock());
  const headless = (await server.ask("POST", SERVICES, service("h", { clusterIP: "None", selector: { a: "b" } }))).body;
  assert.deepEqual(headless.spec.clusterIPs, ["None"]);
  const external = (await server.ask("POST", SERVICES, service("e", { type: "ExternalName", externalName: "example.com" }))).body;
  assert.equal(external.spec.clusterIP, undefined);
  server.close();
});
