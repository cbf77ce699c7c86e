import assert from "node:assert/strict";
import test from "node:test";
import { type Answer, testServer } from "#apiserver/testing.ts";
import { utf8 } from "#base/bytes.ts";
import type { HttpRequest, HttpResponse } from "#base/http.ts";
import { virtualClock } from "#sim/clock.ts";

const PODS = "/api/v1/namespaces/default/pods";

async function connected(answer: (request: HttpRequest) => HttpResponse = () => ({ status: 200, headers: {}, body: utf8("said") })) {
  const asked: string[] = [];
  const way = (to: string) => async (request: HttpRequest) => {
    asked.push(`${to} ${request.method} ${request.url}`);
    assert.equal(request.headers.authorization, undefined);
    return answer(request);
  };
  const connect = {
    kubeletOf: (node: string) => way(node),
    addressOf: (t: { host: string; port: number; tls: boolean }) => way(`${t.tls ? "https" : "http"}://${t.host}:${t.port}`),
  };
  const server = await testServer(virtualClock(), { connect });
  const make = (name: string, containers: string[], more: object = {}) =>
    server.ask("POST", PODS, { metadata: { name }, spec: { containers: containers.map(c => ({ name: c, image: "i" })), ...more } });
  return { server, asked, make };
}
const said = (b: Answer) => ({ code: b.code, reason: b.reason, message: b.message });

test("logs are asked of the pod's kubelet, container and all", async () => {
  const { server, asked, make } = await connected();
  await make("one", ["a"], { nodeName: "n1" });
  await make("two", ["a", "b"], { nodeName: "n1", initContainers: [{ name: "i", image: "i" }] });
  await make("free", ["a"]);
  assert.equal((await server.ask("GET", `${PODS}/one/log?tailLines=1&follow=true`, undefined, { authorization: "x" })).body, "said");
  assert.deepEqual(asked, ["n1 GET /containerLogs/default/one/a?tailLines=1&follow=true"]);
  assert.deepEqual(said((await server.ask("GET", `${PODS}/two/log`)).body), {
    code: 400,
    reason: "BadRequest",
    message: "a container name must be specified for pod two, choose one of: [a b] or one of the init containers: [i]",
  });
  assert.equal((await server.ask("GET", `${PODS}/two/log?container=x`)).body.message, "container x is not valid for pod two");
  assert.equal((await server.ask("GET", `${PODS}/free/log`)).body, "");
  assert.equal((await server.ask("GET", `${PODS}/none/log`)).code, 404);
  server.close();
});

test("what the kubelet refuses becomes a Status", async () => {
  const { server, make } = await connected(() => ({
    status: 400,
    headers: {},
    body: utf8('container "a" in pod "one" is waiting to start: ContainerCreating'),
  }));
  await make("one", ["a"], { nodeName: "n1" });
  assert.deepEqual(said((await server.ask("GET", `${PODS}/one/log`)).body), {
    code: 400,
    reason: "BadRequest",
    message: 'container "a" in pod "one" is waiting to start: ContainerCreating',
  });
  server.close();
});

test("exec, attach and port-forward use the kubelet's names of streams", async () => {
  const { server, asked, make } = await connected();
  await make("one", ["a"], { nodeName: "n1" });
  await make("free", ["a"]);
  await server.ask("POST", `${PODS}/one/exec?command=sh&command=-c&stdin=true&stdout=true&tty=true`);
  await server.ask("POST", `${PODS}/one/attach?stderr=true`);
  await server.ask("POST", `${PODS}/one/portforward`);
  assert.deepEqual(asked, [
    "n1 POST /exec/default/one/a?input=1&output=1&tty=1&command=sh&command=-c",
    "n1 POST /attach/default/one/a?error=1",
    "n1 POST /portForward/default/one",
  ]);
  assert.equal((await server.ask("POST", `${PODS}/free/exec?command=sh`)).body.message, "pod free does not have a host assigned");
  server.close();
});

test("proxies keep path and query, and send a bare path on to its slash", async () => {
  const { server, asked, make } = await connected();
  await make("one", ["a"], { nodeName: "n1" });
  await server.ask("PATCH", `${PODS}/one/status`, { status: { podIP: "10.1.1.1" } }, { "content-type": "application/merge-patch+json" });
  const bare = await server.ask("GET", `${PODS}/one:8080/proxy?x=1`);
  assert.equal(bare.code, 301);
  assert.equal(bare.headers.location, `${PODS}/one:8080/proxy/?x=1`);
  await server.ask("PUT", `${PODS}/https:one:8443/proxy/a/b%20c/?x=1&y=%2F`);
  assert.deepEqual(asked, ["https://10.1.1.1:8443 PUT /a/b%20c/?x=1&y=%2F"]);
  const services = "/api/v1/namespaces/default/services";
  await server.ask("POST", services, { metadata: { name: "s" }, spec: { ports: [{ port: 80, name: "web" }] } });
  const none = await server.ask("GET", `${services}/s:web/proxy/`);
  assert.deepEqual(said(none.body), { code: 503, reason: "ServiceUnavailable", message: 'no endpoints available for service "s"' });
  await server.ask("POST", "/api/v1/namespaces/default/endpoints", {
    metadata: { name: "s" },
    subsets: [{ addresses: [{ ip: "10.1.1.9" }], ports: [{ name: "web", port: 8080 }] }],
  });
  await server.ask("GET", `${services}/s:80/proxy/q?k=v`);
  assert.equal(asked[1], "http://10.1.1.9:8080 GET /q?k=v");
  server.close();
});
