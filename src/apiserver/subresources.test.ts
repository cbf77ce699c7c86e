import assert from "node:assert/strict";
import test from "node:test";
import { namespaceLifecycle } from "#apiserver/admission/namespacelifecycle.ts";
import { testServer } from "#apiserver/testing.ts";
import { virtualClock } from "#sim/clock.ts";

const PODS = "/api/v1/namespaces/default/pods";
const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
const MERGE = { "content-type": "application/merge-patch+json" };
const pod = (name: string) => ({ metadata: { name }, spec: { containers: [{ name: "c", image: "i" }] } });
const deployment = {
  metadata: { name: "web" },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "i" }] } },
  },
};

test("a binding gives a pod its node, once", async () => {
  const server = await testServer(virtualClock());
  await server.ask("POST", PODS, pod("p"));
  const bind = (node: string) => server.ask("POST", `${PODS}/p/binding`, { metadata: { name: "p" }, target: { kind: "Node", name: node } });
  const done = await bind("n1");
  assert.equal(done.code, 201);
  assert.equal(done.body.status, "Success");
  const bound = (await server.ask("GET", `${PODS}/p`)).body;
  assert.equal(bound.spec.nodeName, "n1");
  assert.equal(bound.status.conditions.find((c: { type: string }) => c.type === "PodScheduled").status, "True");
  const again = (await bind("n2")).body;
  assert.equal(again.reason, "Conflict");
  assert.equal(again.message, 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"');
  server.close();
});

test("an eviction deletes", async () => {
  const server = await testServer(virtualClock());
  await server.ask("POST", PODS, pod("p"));
  const wrong = (await server.ask("POST", `${PODS}/p/eviction`, { metadata: { name: "q" } })).body;
  assert.equal(wrong.message, "name in URL does not match name in Eviction object");
  assert.equal((await server.ask("POST", `${PODS}/p/eviction`, { metadata: { name: "p" } })).code, 201);
  assert.equal((await server.ask("GET", `${PODS}/p`)).code, 404);
  server.close();
});

test("scale reads and writes replicas, and counts as a change of spec", async () => {
  const server = await testServer(virtualClock());
  const made = (await server.ask("POST", DEPLOYMENTS, deployment)).body;
  const scale = (await server.ask("GET", `${DEPLOYMENTS}/web/scale`)).body;
  assert.equal(scale.kind, "Scale");
  assert.equal(scale.spec.replicas, 3);
  assert.equal(scale.status.selector, "app=web");
  const put = (await server.ask("PUT", `${DEPLOYMENTS}/web/scale`, { metadata: { name: "web" }, spec: { replicas: 5 } })).body;
  assert.equal(put.spec.replicas, 5);
  const patched = (await server.ask("PATCH", `${DEPLOYMENTS}/web/scale`, { spec: { replicas: 2 } }, MERGE)).body;
  assert.equal(patched.spec.replicas, 2);
  const now = (await server.ask("GET", `${DEPLOYMENTS}/web`)).body;
  assert.equal(now.spec.replicas, 2);
  assert.equal(now.metadata.generation, made.metadata.generation + 2);
  const bad = (await server.ask("PATCH", `${DEPLOYMENTS}/web/scale`, { spec: { replicas: -1 } }, MERGE)).body;
  assert.equal(bad.code, 422);
  server.close();
});

test("status and spec have doors of their own", async () => {
  const server = await testServer(virtualClock());
  const made = (await server.ask("POST", DEPLOYMENTS, { ...deployment, status: { replicas: 9 } })).body;
  assert.equal(made.status.replicas, undefined);
  const status = (await server.ask("PATCH", `${DEPLOYMENTS}/web/status`, { spec: { replicas: 9 }, status: { replicas: 3 } }, MERGE)).body;
  assert.equal(status.spec.replicas, 3);
  assert.equal(status.status.replicas, 3);
  assert.equal(status.metadata.generation, made.metadata.generation);
  const main = (await server.ask("PATCH", `${DEPLOYMENTS}/web`, { spec: { replicas: 4 }, status: { replicas: 9 } }, MERGE)).body;
  assert.equal(main.spec.replicas, 4);
  assert.equal(main.status.replicas, 3);
  assert.equal(main.metadata.generation, made.metadata.generation + 1);
  const managers = main.metadata.managedFields.map((m: { subresource?: string }) => m.subresource ?? "");
  assert.ok(managers.includes("status"));
  server.close();
});

test("apply creates, owns, and refuses what another manages", async () => {
  const server = await testServer(virtualClock());
  const apply = (manager: string, replicas: number, more = "") =>
    server.ask(
      "PATCH",
      `${DEPLOYMENTS}/web?fieldManager=${manager}${more}`,
      { apiVersion: "apps/v1", kind: "Deployment", ...deployment, spec: { ...deployment.spec, replicas } },
      { "content-type": "application/apply-patch+yaml" },
    );
  const made = await apply("a", 3);
  assert.equal(made.code, 201);
  assert.equal(made.body.metadata.managedFields[0].operation, "Apply");
  const same = await apply("a", 3);
  assert.equal(same.body.metadata.resourceVersion, made.body.metadata.resourceVersion);
  const refused = (await apply("b", 4)).body;
  assert.equal(refused.code, 409);
  assert.equal(refused.message, 'Apply failed with 1 conflict: conflict with "a": .spec.replicas');
  assert.equal((await apply("b", 4, "&force=true")).body.spec.replicas, 4);
  server.close();
});

test("an apply that would create needs the right to create", async () => {
  const server = await testServer(virtualClock(), {
    access: objects => ({
      authenticators: [{ authenticate: async r => r.identity }],
      authorizer: {
        authorize: async a => ({ decision: a.verb === "create" && a.resource === "configmaps" ? "none" : "allow", reason: "" }),
      },
      plugins: [namespaceLifecycle(objects)],
    }),
  });
  const { code, body } = await server.ask(
    "PATCH",
    "/api/v1/namespaces/default/configmaps/a?fieldManager=m",
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } },
    { "content-type": "application/apply-patch+yaml" },
  );
  assert.equal(code, 403);
  assert.equal(
    body.message,
    'configmaps "a" is forbidden: User "admin" cannot create resource "configmaps" in API group "" in the namespace "default"',
  );
  server.close();
});

test("events of both groups are one object", async () => {
  const server = await testServer(virtualClock());
  const core = "/api/v1/namespaces/default/events";
  const events = "/apis/events.k8s.io/v1/namespaces/default/events";
  const made = await server.ask("POST", core, {
    metadata: { name: "e" },
    involvedObject: { kind: "Pod", name: "p", namespace: "default" },
    reason: "R",
    message: "m",
    type: "Normal",
  });
  assert.equal(made.code, 201);
  const other = (await server.ask("GET", `${events}/e`)).body;
  assert.equal(other.apiVersion, "events.k8s.io/v1");
  assert.equal(other.note, "m");
  assert.equal(other.regarding.name, "p");
  assert.equal((await server.ask("GET", events)).body.items[0].note, "m");
  server.close();
});

test("discovery in its three forms, and not modified", async () => {
  const server = await testServer(virtualClock());
  assert.deepEqual((await server.ask("GET", "/api/")).body.versions, ["v1"]);
  const list = (await server.ask("GET", "/apis/apps/v1")).body;
  assert.ok(list.resources.some((r: { name: string; group?: string }) => r.name === "deployments/scale" && r.group === "autoscaling"));
  const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
  const all = await server.ask("GET", "/apis", undefined, { accept });
  assert.equal(all.body.kind, "APIGroupDiscoveryList");
  assert.equal(all.headers["content-type"], "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  const { etag } = all.headers;
  assert.equal((await server.ask("GET", "/apis", undefined, { accept, "if-none-match": String(etag) })).code, 304);
  server.close();
});

test("openapi v3 is found by its hash", async () => {
  const server = await testServer(virtualClock());
  const index = (await server.ask("GET", "/openapi/v3")).body;
  const url = index.paths["apis/apps/v1"].serverRelativeURL;
  const document = await server.ask("GET", url);
  assert.equal(document.headers["cache-control"], "public, immutable");
  assert.ok(document.body.components.schemas["io.k8s.api.apps.v1.Deployment"]);
  const moved = await server.ask("GET", "/openapi/v3/apis/apps/v1?hash=old");
  assert.equal(moved.code, 301);
  assert.equal(moved.headers.location, url);
  server.close();
});

test("health, version and metrics", async () => {
  const server = await testServer(virtualClock());
  assert.equal((await server.ask("GET", "/readyz")).body, "ok");
  assert.match((await server.ask("GET", "/livez?verbose")).body, /\[\+\]ping ok\n.*livez check passed\n/s);
  assert.match((await server.ask("GET", "/version")).body.gitVersion, /^v1\.36\.\d+\+[a-z0-9.]+$/);
  assert.match((await server.ask("GET", "/metrics")).body, /apiserver_request_total\{verb="GET"/);
  server.close();
});
