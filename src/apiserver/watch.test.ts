import assert from "node:assert/strict";
import test from "node:test";
import { linesOf, testServer } from "#apiserver/testing.ts";
import { limits } from "#base/limits.ts";
import { virtualClock } from "#sim/clock.ts";

const CONFIGMAPS = "/api/v1/namespaces/default/configmaps";

test("WatchList: what stands, the bookmark that says so, then changes; bookmarks every minute", async () => {
  const clock = virtualClock();
  const server = await testServer(clock);
  await server.ask("POST", CONFIGMAPS, { metadata: { name: "a" } });
  const response = await server.send(
    "GET",
    `${CONFIGMAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
  );
  const events = linesOf(response);
  assert.equal((await events.next()).value.type, "ADDED");
  const end = (await events.next()).value;
  assert.equal(end.type, "BOOKMARK");
  assert.deepEqual(end.object.metadata.annotations, { "k8s.io/initial-events-end": "true" });
  assert.equal(end.object.kind, "ConfigMap");
  await server.ask("POST", "/api/v1/namespaces/default/secrets", { metadata: { name: "s" } });
  await clock.advance(60_000);
  const bookmark = (await events.next()).value;
  assert.equal(bookmark.type, "BOOKMARK");
  assert.ok(
    Number(bookmark.object.metadata.resourceVersion) > Number(end.object.metadata.resourceVersion),
    "it passes other kinds' writes",
  );
  server.close();
});

test("initial events beyond what is kept for a slow reader come whole, with what changed meanwhile", async () => {
  const server = await testServer(virtualClock());
  const data = { fill: "x".repeat(900 * 1024) };
  const count = Math.ceil(limits.watchBuffer / (900 * 1024)) + 550;
  for (let i = 0; i < count; i++)
    await server.ask("POST", CONFIGMAPS, { metadata: { name: `c${String(i).padStart(4, "0")}` }, ...(i >= 540 && { data }) });
  const events = linesOf(
    await server.send("GET", `${CONFIGMAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`),
  );
  const types: string[] = [];
  for (let i = 0; i <= count + 1; i++) {
    // while the first page is on its way
    if (i === 1) await server.ask("DELETE", `${CONFIGMAPS}/c0000`);
    types.push((await events.next()).value.type);
  }
  assert.deepEqual([...new Set(types.slice(0, count))], ["ADDED"]);
  assert.deepEqual(types.slice(count), ["BOOKMARK", "DELETED"]);
  server.close();
});

test("a watch of one name hears of that object alone, in its namespace and in all of them", async () => {
  const server = await testServer(virtualClock());
  const begin = (await server.ask("POST", CONFIGMAPS, { metadata: { name: "first" } })).body.metadata.resourceVersion;
  await server.ask("POST", "/api/v1/namespaces", { metadata: { name: "other" } });
  for (const path of [CONFIGMAPS, "/api/v1/namespaces/other/configmaps"])
    for (const name of ["a", "ab", "b"]) await server.ask("POST", path, { metadata: { name } });
  const live = [CONFIGMAPS, "/api/v1/configmaps"].map(path => `${path}?watch=1&fieldSelector=metadata.name%3Da&resourceVersion=${begin}`);
  const heard = await Promise.all(
    live.map(async url => {
      const events = linesOf(await server.send("GET", url));
      const next = async () => {
        const { type, object } = (await events.next()).value;
        return `${type} ${object.metadata.namespace}/${object.metadata.name}`;
      };
      return { next, caughtUp: [await next(), ...(url.startsWith("/api/v1/configmaps") ? [await next()] : [])] };
    }),
  );
  for (const name of ["ab", "a"]) await server.ask("DELETE", `${CONFIGMAPS}/${name}`);
  assert.deepEqual(await Promise.all(heard.map(async ({ next, caughtUp }) => [...caughtUp, await next()])), [
    ["ADDED default/a", "DELETED default/a"],
    ["ADDED default/a", "ADDED other/a", "DELETED default/a"],
  ]);
  server.close();
});

test("sendInitialEvents needs its match", async () => {
  const server = await testServer(virtualClock());
  const { code, body } = await server.ask("GET", `${CONFIGMAPS}?watch=1&sendInitialEvents=true`);
  assert.equal(code, 422);
  assert.match(body.message, /sendInitialEvents requires setting resourceVersionMatch to NotOlderThan/);
  server.close();
});

test("a revision that is compacted is said by an ERROR event", async () => {
  const clock = virtualClock();
  const server = await testServer(clock);
  for (const name of ["a", "b"]) await server.ask("POST", CONFIGMAPS, { metadata: { name } });
  await clock.advance(2 * limits.compactionAge + 2);
  await server.ask("POST", CONFIGMAPS, { metadata: { name: "c" } });
  await clock.advance(2 * limits.compactionAge + 2);
  const events = linesOf(await server.send("GET", `${CONFIGMAPS}?watch=1&resourceVersion=1`));
  const { value } = await events.next();
  assert.equal(value.type, "ERROR");
  assert.equal(value.object.code, 410);
  assert.equal(value.object.reason, "Expired");
  assert.match(value.object.message, /^too old resource version: 1 \(\d+\)$/);
  assert.equal((await events.next()).done, true);
  server.close();
});

test("timeoutSeconds ends a watch, and a reader that is too slow is cut off", async () => {
  const clock = virtualClock();
  const server = await testServer(clock);
  const short = linesOf(await server.send("GET", `${CONFIGMAPS}?watch=1&timeoutSeconds=5`));
  const next = short.next();
  await clock.advance(5_000);
  assert.equal((await next).done, true);

  const slow = linesOf(await server.send("GET", `${CONFIGMAPS}?watch=1`));
  const big = "x".repeat(900_000);
  for (let i = 0; i * 900_000 < limits.watchBuffer + 900_000; i++)
    await server.ask("POST", CONFIGMAPS, { metadata: { name: `big-${i}` }, data: { big } });
  assert.equal((await slow.next()).done, true);
  server.close();
});

test("a table's columns come with its first event alone", async () => {
  const server = await testServer(virtualClock());
  for (const name of ["a", "b"]) await server.ask("POST", CONFIGMAPS, { metadata: { name } });
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
  const events = linesOf(await server.send("GET", `${CONFIGMAPS}?watch=1`, undefined, { accept }));
  assert.equal((await events.next()).value.object.columnDefinitions.length, 3);
  assert.equal((await events.next()).value.object.columnDefinitions, null);
  server.close();
});

test("hundred watches opened at different revisions see one order", async () => {
  const server = await testServer(virtualClock());
  const versions: string[] = [];
  for (let i = 0; i < 20; i++)
    versions.push((await server.ask("POST", CONFIGMAPS, { metadata: { name: `m${i}` } })).body.metadata.resourceVersion);
  for (let start = 0; start < 19; start++) {
    const events = linesOf(await server.send("GET", `${CONFIGMAPS}?watch=1&resourceVersion=${versions[start]}`));
    const seen: string[] = [];
    while (seen.length < 19 - start) seen.push((await events.next()).value.object.metadata.resourceVersion);
    assert.deepEqual(seen, versions.slice(start + 1));
  }
  server.close();
});
