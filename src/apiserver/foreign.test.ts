import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isForeign } from "#apiserver/foreign.ts";
import { objectKey } from "#apiserver/keys.ts";
import { testServer } from "#apiserver/testing.ts";
import { text, utf8 } from "#base/bytes.ts";
import { kinds } from "#kinds/all.ts";
import { apiVersionOf, type KubeObject } from "#kinds/kind.ts";
import { virtualClock } from "#sim/clock.ts";
import { keyOf } from "#store/contract.ts";
import { memoryStore } from "#store/memory.ts";

const shared = process.env.COXSWAIN_SHARED ?? join(import.meta.dirname, "../../../shared");
const fixtures = join(shared, "data/k8s-api-roundtrip/testdata/v1.36.0");

/** Upstream's own keys, where they are not `/registry/` and the plural (pkg/kubeapiserver/default_storage_factory_builder.go). */
const QUIRKS: Readonly<Record<string, string>> = {
  Endpoints: "/registry/services/endpoints/namespaceValue/nameValue",
  Service: "/registry/services/specs/namespaceValue/nameValue",
  Node: "/registry/minions/nameValue",
};

/** Where the fixtures contradict themselves, as no stored object does: one field follows the other, as upstream has it. */
const CONTRADICTIONS = new Set([
  "Node.spec.podCIDRs",
  "Secret.stringData",
  "Pod.spec.serviceAccount",
  "Pod.status.podIPs",
  "Pod.status.hostIPs",
  "Service.spec.clusterIPs",
  "Deployment.spec.template.spec.serviceAccount",
  "ReplicaSet.spec.template.spec.serviceAccount",
]);
function holds(actual: unknown, expected: unknown, at: string): void {
  if (CONTRADICTIONS.has(at)) return;
  if (typeof expected !== "object" || expected === null) assert.deepEqual(actual, expected, at);
  else for (const [key, value] of Object.entries(expected)) holds((actual as Record<string, unknown>)?.[key], value, `${at}.${key}`);
}

for (const encoding of ["json", "pb"] as const)
  test(`what a kube-apiserver left as ${encoding} is listed and read, of every kind`, {
    skip: !existsSync(fixtures) && "fixtures are not here",
  }, async () => {
    const clock = virtualClock();
    const store = memoryStore({ clock });
    const stored = kinds.filter(k => k.verbs.includes("create") && !k.ephemeral && !k.storedAs);
    const found = stored.flatMap(kind => {
      const file = join(fixtures, `${kind.group || "core"}.${kind.version}.${kind.kind}`);
      if (!existsSync(`${file}.pb`)) return [];
      const object = JSON.parse(readFileSync(`${file}.json`, "utf8")) as KubeObject;
      return [{ kind, object, value: new Uint8Array(readFileSync(`${file}.${encoding}`)) }];
    });
    assert.ok(found.length > 15, `${found.length} kinds`);
    for (const { kind, object, value } of found) {
      const { name = "", namespace = "" } = object.metadata;
      const key = keyOf(QUIRKS[kind.kind] ?? `/registry/${kind.plural}/${kind.namespaced ? `${namespace}/` : ""}${name}`);
      assert.equal(objectKey(kind, kind.namespaced ? namespace : "", name), key);
      await store.txn([], [{ op: "put", key, value }]);
    }
    const server = await testServer(clock, { store }, []);
    try {
      for (const { kind, object } of found) {
        const { name, namespace } = object.metadata;
        const root = kind.group ? `/apis/${apiVersionOf(kind)}` : "/api/v1";
        const folder = `${root}${kind.namespaced ? `/namespaces/${namespace}` : ""}/${kind.plural}`;
        const { code, body } = await server.ask("GET", `${folder}/${name}`);
        assert.equal(code, 200, JSON.stringify(body));
        assert.notEqual(body.metadata.resourceVersion, object.metadata.resourceVersion);
        const { resourceVersion: _r, ...metadata } = object.metadata;
        // reading adds defaults, and takes nothing away
        holds(body, { ...object, metadata }, kind.kind);
        const list = await server.ask("GET", folder);
        assert.deepEqual(list.body.items[0].metadata.uid, object.metadata.uid);
      }
    } finally {
      server.close();
    }
  });

test("addresses and node ports of services that are there already are not given out again", async () => {
  const clock = virtualClock();
  const store = memoryStore({ clock });
  const spec = {
    type: "NodePort",
    clusterIP: "10.96.0.77",
    clusterIPs: ["10.96.0.77"],
    ports: [{ port: 80, nodePort: 30007, protocol: "TCP" }],
  };
  const metadata = { name: "old", namespace: "default", uid: "0-1", creationTimestamp: "2024-01-01T00:00:00Z" };
  const value = utf8(JSON.stringify({ kind: "Service", apiVersion: "v1", metadata, spec, status: { loadBalancer: {} } }));
  await store.txn([], [{ op: "put", key: keyOf("/registry/services/specs/default/old"), value }]);
  const server = await testServer(clock, { store });
  const create = (more: object) =>
    server.ask("POST", "/api/v1/namespaces/default/services", {
      metadata: { generateName: "new-" },
      spec: { ports: [{ port: 80 }], ...more },
    });
  assert.match((await create({ clusterIP: "10.96.0.77" })).body.message, /provided IP is already allocated/);
  const port = await create({ type: "NodePort", ports: [{ port: 80, nodePort: 30007 }] });
  assert.match(port.body.message, /provided port is already allocated/);
  assert.equal((await server.ask("DELETE", "/api/v1/namespaces/default/services/old")).code, 200);
  assert.equal((await create({ clusterIP: "10.96.0.77" })).code, 201);
  server.close();
});

test("it is written our way when it is next written", async () => {
  const clock = virtualClock();
  const store = memoryStore({ clock });
  const key = keyOf("/registry/configmaps/default/old");
  const metadata = { name: "old", namespace: "default", uid: "0-1", creationTimestamp: "2024-01-01T00:00:00Z" };
  const value = utf8(`${JSON.stringify({ kind: "ConfigMap", apiVersion: "v1", metadata, data: { a: "1" } })}\n`);
  await store.txn([], [{ op: "put", key, value }]);
  const server = await testServer(clock, { store });
  const url = "/api/v1/namespaces/default/configmaps/old";
  const type = { "content-type": "application/merge-patch+json" };
  const same = await server.ask("PATCH", url, { data: { a: "1" } }, type);
  assert.equal(same.code, 200);
  assert.ok(isForeign((await store.get(key))!.value), "what changes nothing writes nothing");
  const patched = await server.ask("PATCH", url, { data: { b: "2" } }, type);
  assert.deepEqual(patched.body.data, { a: "1", b: "2" });
  const now = (await store.get(key))!.value;
  assert.ok(!isForeign(now) && !text(now).includes("resourceVersion"));
  assert.deepEqual((await server.ask("GET", url)).body.data, { a: "1", b: "2" });
  assert.equal((await server.ask("DELETE", url)).code, 200);
  server.close();
});
