import assert from "node:assert/strict";
import test from "node:test";
import { linesOf, testServer } from "#apiserver/testing.ts";
import { virtualClock } from "#sim/clock.ts";

const CONFIGMAPS = "/api/v1/namespaces/default/configmaps";
const PODS = "/api/v1/namespaces/default/pods";
const pod = (name: string, more: object = {}) => ({ metadata: { name }, spec: { containers: [{ name: "c", image: "i" }], ...more } });

test("preconditions: a wrong uid is a conflict, in deletions and updates", async () => {
  const server = await testServer(virtualClock());
  const { uid } = (await server.ask("POST", CONFIGMAPS, { metadata: { name: "a" } })).body.metadata;
  const refused = (await server.ask("DELETE", `${CONFIGMAPS}/a`, { preconditions: { uid: "x" } })).body;
  assert.equal(refused.code, 409);
  assert.equal(refused.reason, "Conflict");
  assert.match(refused.message, new RegExp(`the UID in the precondition \\(x\\) does not match the UID in record \\(${uid}\\)`));
  const wrong = (await server.ask("PUT", `${CONFIGMAPS}/a`, { metadata: { name: "a", uid: "x" } })).body;
  assert.equal(wrong.code, 409);
  assert.match(wrong.message, /Precondition failed: UID in precondition: x, UID in object meta: /);
  server.close();
});

test("a finalizer keeps an object until it is taken off", async () => {
  const server = await testServer(virtualClock());
  const made = (await server.ask("POST", CONFIGMAPS, { metadata: { name: "a", finalizers: ["example.com/f"] } })).body;
  const going = await server.ask("DELETE", `${CONFIGMAPS}/a`);
  assert.equal(going.code, 200);
  assert.ok(going.body.metadata.deletionTimestamp);
  assert.equal(going.body.metadata.deletionGracePeriodSeconds, 0);
  const again = (await server.ask("POST", CONFIGMAPS, { metadata: { name: "a" } })).body;
  assert.equal(again.message, 'object is being deleted: configmaps "a" already exists');
  const more = (await server.ask("PATCH", `${CONFIGMAPS}/a`, { metadata: { finalizers: ["example.com/f", "example.com/g"] } }, MERGE)).body;
  assert.equal(more.code, 422);
  assert.match(
    more.message,
    /no new finalizers can be added if the object is being deleted, found new finalizers \[\]string\{"example.com\/g"\}/,
  );
  const last = await server.ask("PATCH", `${CONFIGMAPS}/a`, { metadata: { finalizers: null } }, MERGE);
  assert.equal(last.code, 200);
  assert.equal(last.body.metadata.uid, made.metadata.uid);
  assert.equal((await server.ask("GET", `${CONFIGMAPS}/a`)).code, 404);
  server.close();
});
const MERGE = { "content-type": "application/merge-patch+json" };

test("propagation policies leave their finalizers", async () => {
  const server = await testServer(virtualClock());
  for (const [policy, finalizer] of [
    ["Foreground", "foregroundDeletion"],
    ["Orphan", "orphan"],
  ] as const) {
    await server.ask("POST", CONFIGMAPS, { metadata: { name: policy.toLowerCase() } });
    const { body } = await server.ask("DELETE", `${CONFIGMAPS}/${policy.toLowerCase()}?propagationPolicy=${policy}`);
    assert.deepEqual(body.metadata.finalizers, [finalizer]);
  }
  await server.ask("POST", CONFIGMAPS, { metadata: { name: "old" } });
  const { code, body } = await server.ask("DELETE", `${CONFIGMAPS}/old`, { orphanDependents: true });
  assert.equal(code, 200);
  assert.deepEqual(body.metadata.finalizers, ["orphan"]);
  server.close();
});

test("a bound pod goes within its grace, which can only be shortened; an unbound one goes at once", async () => {
  const clock = virtualClock(Date.UTC(2026, 0, 1));
  const server = await testServer(clock);
  await server.ask("POST", PODS, pod("free"));
  await server.ask("DELETE", `${PODS}/free`);
  assert.equal((await server.ask("GET", `${PODS}/free`)).code, 404);

  const made = (await server.ask("POST", PODS, pod("bound", { nodeName: "n", terminationGracePeriodSeconds: 30 }))).body;
  const events = linesOf(await server.send("GET", `${PODS}?watch=1&resourceVersion=${made.metadata.resourceVersion}`));
  const first = (await server.ask("DELETE", `${PODS}/bound`)).body;
  assert.equal(first.kind, "Pod");
  assert.equal(first.metadata.deletionTimestamp, "2026-01-01T00:00:30Z");
  assert.equal(first.metadata.deletionGracePeriodSeconds, 30);
  assert.equal(first.metadata.generation, made.metadata.generation + 1);
  const longer = (await server.ask("DELETE", `${PODS}/bound`, { gracePeriodSeconds: 60 })).body;
  assert.equal(longer.metadata.deletionTimestamp, first.metadata.deletionTimestamp);
  const shorter = (await server.ask("DELETE", `${PODS}/bound`, { gracePeriodSeconds: 5 })).body;
  assert.equal(shorter.metadata.deletionTimestamp, "2026-01-01T00:00:05Z");
  await server.ask("DELETE", `${PODS}/bound`, { gracePeriodSeconds: 0 });
  assert.equal((await server.ask("GET", `${PODS}/bound`)).code, 404);
  const seen = [];
  for (let i = 0; i < 3; i++) seen.push((await events.next()).value);
  assert.deepEqual(
    seen.map(e => e.type),
    ["MODIFIED", "MODIFIED", "DELETED"],
  );
  assert.ok(seen[2].object.metadata.deletionTimestamp);
  server.close();
});

test("a dry run changes nothing", async () => {
  const server = await testServer(virtualClock());
  const made = await server.ask("POST", `${CONFIGMAPS}?dryRun=All`, { metadata: { name: "a" } });
  assert.equal(made.code, 201);
  assert.ok(made.body.metadata.uid);
  assert.equal(made.body.metadata.resourceVersion, undefined);
  assert.equal((await server.ask("GET", `${CONFIGMAPS}/a`)).code, 404);
  await server.ask("POST", CONFIGMAPS, { metadata: { name: "a" } });
  assert.equal((await server.ask("DELETE", `${CONFIGMAPS}/a?dryRun=All`)).code, 200);
  const bad = (await server.ask("POST", `${CONFIGMAPS}?dryRun=Some`, { metadata: { name: "b" } })).body;
  assert.equal(bad.code, 422);
  assert.equal((await server.ask("GET", `${CONFIGMAPS}/a`)).code, 200);
  server.close();
});

test("generated names are tried again when they are taken", async () => {
  const server = await testServer(virtualClock());
  const names = new Set<string>();
  for (let i = 0; i < 20; i++) names.add((await server.ask("POST", CONFIGMAPS, { metadata: { generateName: "g-" } })).body.metadata.name);
  assert.equal(names.size, 20);
  for (const name of names) assert.match(name, /^g-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  server.close();
});
