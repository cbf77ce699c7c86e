import assert from "node:assert/strict";
import test from "node:test";
import { linesOf, testServer } from "#apiserver/testing.ts";
import { virtualClock } from "#sim/clock.ts";
import { memoryStore } from "#store/memory.ts";

const CONFIGMAPS = "/api/v1/namespaces/default/configmaps";

test("an object is created, read, listed, updated and deleted", async () => {
  const server = await testServer(virtualClock());
  const made = await server.ask("POST", CONFIGMAPS, { metadata: { name: "a", labels: { x: "1" } }, data: { k: "v" } });
  assert.equal(made.code, 201);
  assert.equal(made.body.kind, "ConfigMap");
  assert.equal(made.body.metadata.namespace, "default");
  assert.match(made.body.metadata.uid, /^[0-9a-f-]{36}$/);
  const got = await server.ask("GET", `${CONFIGMAPS}/a`);
  assert.deepEqual(got.body, made.body);
  const list = await server.ask("GET", `${CONFIGMAPS}?labelSelector=x%3D1`);
  assert.equal(list.body.kind, "ConfigMapList");
  assert.equal(list.body.items.length, 1);
  assert.equal(list.body.items[0].kind, undefined);
  assert.ok(Number(list.body.metadata.resourceVersion) >= Number(made.body.metadata.resourceVersion));
  const changed = await server.ask("PUT", `${CONFIGMAPS}/a`, { ...made.body, data: { k: "w" } });
  assert.equal(changed.code, 200);
  assert.ok(Number(changed.body.metadata.resourceVersion) > Number(made.body.metadata.resourceVersion));
  const stale = await server.ask("PUT", `${CONFIGMAPS}/a`, { ...made.body, data: { k: "x" } });
  assert.equal(stale.code, 409);
  assert.equal(
    stale.body.message,
    'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
  );
  const same = await server.ask("PUT", `${CONFIGMAPS}/a`, changed.body);
  assert.equal(same.body.metadata.resourceVersion, changed.body.metadata.resourceVersion, "an update without effect makes no revision");
  const gone = await server.ask("DELETE", `${CONFIGMAPS}/a`);
  assert.deepEqual(gone.body, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name: "a", kind: "configmaps", uid: made.body.metadata.uid },
  });
  const missing = await server.ask("GET", `${CONFIGMAPS}/a`);
  assert.deepEqual(missing.body, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: 'configmaps "a" not found',
    reason: "NotFound",
    details: { name: "a", kind: "configmaps" },
    code: 404,
  });
  server.close();
});

test("a watch gives what stands, then what changes, with selector transitions", async () => {
  const server = await testServer(virtualClock());
  await server.ask("POST", CONFIGMAPS, { metadata: { name: "a", labels: { x: "1" } } });
  const response = await server.send("GET", `${CONFIGMAPS}?watch=true&labelSelector=x%3D1`);
  assert.equal(response.status, 200);
  const events = linesOf(response);
  const first = await events.next();
  assert.equal(first.value.type, "ADDED");
  await server.ask("POST", CONFIGMAPS, { metadata: { name: "b" } });
  const a = (await server.ask("GET", `${CONFIGMAPS}/a`)).body;
  const out = (await server.ask("PUT", `${CONFIGMAPS}/a`, { ...a, metadata: { ...a.metadata, labels: {} } })).body;
  const left = await events.next();
  assert.equal(left.value.type, "DELETED");
  assert.equal(left.value.object.metadata.resourceVersion, out.metadata.resourceVersion);
  assert.deepEqual(left.value.object.metadata.labels, { x: "1" });
  await server.ask("PUT", `${CONFIGMAPS}/a`, { ...out, metadata: { ...out.metadata, labels: { x: "1" } } });
  assert.equal((await events.next()).value.type, "ADDED");
  const again = await server.send("GET", `${CONFIGMAPS}?watch=true&resourceVersion=${a.metadata.resourceVersion}`);
  const replay = linesOf(again);
  const types = [];
  for (let i = 0; i < 3; i++) {
    const { value } = await replay.next();
    types.push(`${value.type} ${value.object.metadata.name}`);
  }
  assert.deepEqual(types, ["ADDED b", "MODIFIED a", "MODIFIED a"]);
  server.close();
  assert.equal((await events.next()).done, true);
});

test("an apiserver that starts while another compacts reads what stands once more", async () => {
  const clock = virtualClock();
  const store = memoryStore({ clock });
  const first = await testServer(clock, { store });
  await first.ask("POST", CONFIGMAPS, { metadata: { name: "a" } });
  // in the middle of the second one's reading
  let left = 3;
  const under = new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (name !== "scan") return typeof value === "function" ? value.bind(target) : value;
      return async function* (...args: Parameters<typeof store.scan>) {
        if (left-- > 0) {
          await first.ask("POST", CONFIGMAPS, { metadata: { name: `b${left}` } });
          await store.compact(store.revision);
        }
        yield* store.scan(...args);
      };
    },
  });
  const second = await testServer(clock, { store: under }, []);
  const { body } = await second.ask("GET", CONFIGMAPS);
  assert.deepEqual(
    body.items.map((i: { metadata: { name: string } }) => i.metadata.name),
    ["a", "b0", "b1", "b2"],
  );
  first.close();
  second.close();
});
