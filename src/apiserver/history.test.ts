import assert from "node:assert/strict";
import test from "node:test";
import type { HistoryItem } from "#apiserver/history.ts";
import { Journal } from "#apiserver/journal.ts";
import { type TestServer, testServer } from "#apiserver/testing.ts";
import { CAUSE_HEADER } from "#base/http.ts";
import { limits } from "#base/limits.ts";
import { formatTime } from "#base/time.ts";
import { virtualClock } from "#sim/clock.ts";
import { memoryStore } from "#store/memory.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";
const MINUTE = 60_000;

const put = (server: TestServer, name: string, value: string, manager = "") =>
  server.ask("PUT", `${MAPS}/${name}?fieldManager=${manager}`, { metadata: { name }, data: { value } });
async function withMap() {
  const clock = virtualClock();
  const server = await testServer(clock);
  const made = (await server.ask("POST", `${MAPS}?fieldManager=maker`, { metadata: { name: "m" }, data: { value: "one" } })).body;
  return { clock, server, first: made.metadata.resourceVersion as string };
}

test("an object and a list are read as they were at a revision, an age ago, and at a time", async () => {
  const { clock, server, first } = await withMap();
  const began = clock.now();
  await clock.advance(20 * MINUTE);
  const second = (await put(server, "m", "two")).body.metadata.resourceVersion as string;
  await clock.advance(20 * MINUTE);
  await server.ask("DELETE", `${MAPS}/m`);
  await clock.advance(MINUTE);
  for (const [at, value] of [
    [`resourceVersion=${first}&resourceVersionMatch=Exact`, "one"],
    [`resourceVersion=${second}&resourceVersionMatch=Exact`, "two"],
    [`at=${first}`, "one"],
    ["at=30m", "one"],
    ["at=10m", "two"],
    [`at=${formatTime(began + MINUTE)}`, "one"],
  ] as const) {
    const one = await server.ask("GET", `${MAPS}/m?${at}`);
    assert.equal(one.body.data?.value, value, at);
    const all = await server.ask("GET", `${MAPS}?${at}`);
    assert.deepEqual(
      all.body.items.map((i: { data: { value: string } }) => i.data.value),
      [value],
      at,
    );
  }
  assert.equal((await server.ask("GET", `${MAPS}/m`)).code, 404);
  assert.equal((await server.ask("GET", `${MAPS}/m?at=30s`)).code, 404);
  assert.equal((await server.ask("GET", `${MAPS}/m?at=oldest`)).code, 404, "it was made later");
  for (const [at, says] of [
    ["yesterday", 'at: "yesterday" is neither an age (10m), a time (2026-01-02T15:04:05Z) nor a revision'],
    ["9h", `the past is kept from ${formatTime(began)}, revision 2 on, and ${formatTime(clock.now() - 9 * 60 * MINUTE)} lies before it`],
    ["2200-01-01T00:00:00Z", 'at: "2200-01-01T00:00:00Z" lies in the future'],
  ] as const)
    assert.deepEqual([(await server.ask("GET", `${MAPS}/m?at=${at}`)).body.message], [says]);
  const refusal = async (path: string) => (await server.ask("GET", path)).body.message;
  assert.equal(await refusal(`${MAPS}?at=1m&watch=true`), "at: a watch has no past: it begins at a resourceVersion");
  assert.match(await refusal(`${MAPS}/m?history=soon`), /^history: "soon" is neither an age/);
  server.close();
});

test("the API's answers expire as upstream's do, while an exact list of the past goes on, page by page", async () => {
  const { clock, server } = await withMap();
  for (const name of ["n", "o", "p"]) await server.ask("POST", MAPS, { metadata: { name } });
  const page = (await server.ask("GET", `${MAPS}?limit=2`)).body;
  const { resourceVersion } = page.metadata;
  await put(server, "m", "two");
  for (let i = 0; i < 3; i++) {
    await clock.advance(limits.compactionAge + 1);
    await put(server, "m", String(i));
  }
  const gone = await server.ask("GET", `${MAPS}?limit=2&continue=${page.metadata.continue}`);
  assert.equal(gone.code, 410);
  assert.match(gone.body.message, /^The provided continue parameter is too old to display a consistent list result\. You can start/);
  const plain = await server.ask("GET", `${MAPS}?limit=2&resourceVersion=${resourceVersion}`);
  assert.deepEqual([plain.code, plain.body.message], [410, "The resourceVersion for the provided list is too old."]);
  const exact = `${MAPS}?limit=2&resourceVersionMatch=Exact&resourceVersion=${resourceVersion}`;
  const past = (await server.ask("GET", exact)).body;
  assert.deepEqual([past.items.length, past.items[0].data.value, past.metadata.resourceVersion], [2, "one", resourceVersion]);
  const rest = (await server.ask("GET", `${MAPS}?limit=9&continue=${past.metadata.continue}`)).body;
  assert.deepEqual([rest.items.length, rest.metadata.resourceVersion], [2, resourceVersion]);
  server.close();
});

test("retention by age and by bytes; what lies before it is told in a sentence", async () => {
  const clock = virtualClock();
  const server = await testServer(clock, { retention: { age: 30 * MINUTE, bytes: 1 << 20 } });
  await server.ask("POST", MAPS, { metadata: { name: "m" }, data: { value: "one" } });
  await clock.advance(50 * MINUTE);
  await put(server, "m", "two");
  await clock.advance(20 * MINUTE);
  await put(server, "m", "three");
  await clock.advance(31 * MINUTE);
  const gone = await server.ask("GET", `${MAPS}/m?at=95m`);
  assert.equal(gone.code, 410);
  assert.match(gone.body.message, /^the past is kept from \S+, revision \d+ on, and \S+ lies before it$/);
  assert.equal((await server.ask("GET", `${MAPS}/m?at=30m`)).body.data.value, "three");
  assert.equal((await server.ask("GET", `${MAPS}/m?at=oldest`)).body.data.value, "three");
  // More than a MiB pushes out what is older, but never what the API promises.
  const big = "x".repeat(300_000);
  for (let i = 0; i < 5; i++) await put(server, "m", big + i);
  assert.equal((await server.ask("GET", `${MAPS}/m?at=15m`)).code, 200);
  await clock.advance(11 * MINUTE);
  assert.equal((await server.ask("GET", `${MAPS}/m?at=15m`)).code, 410);
  server.close();
});

test("after a quiet while all of the past is forgotten", async () => {
  const { clock, server } = await withMap();
  await put(server, "m", "two");
  await clock.advance(3 * 60 * MINUTE);
  assert.equal(server.store.compacted, server.store.revision);
  server.close();
});

test("history tells who changed which field, when and why; a deletion too", async () => {
  const { clock, server } = await withMap();
  await clock.advance(MINUTE);
  const cause = { loop: "tuner", intent: "Deployment|default|web", because: "it was \u00fcbertuned" };
  const ascii = JSON.stringify(cause).replace("\u00fc", "\\u00fc");
  const body = { metadata: { name: "m", labels: { a: "b" } }, data: { value: "two" } };
  await server.ask("PUT", `${MAPS}/m?fieldManager=tuner`, body, { [CAUSE_HEADER]: ascii });
  const items = async () => (await server.ask("GET", `${MAPS}/m?history=true`)).body.items as HistoryItem[];
  const [update, creation, ...none] = await items();
  assert.deepEqual(none, []);
  assert.deepEqual([creation?.did, creation?.user, creation?.manager], ["create", "admin", "maker"]);
  assert.deepEqual([update?.did, update?.user, update?.manager, update?.because], ["update", "admin", "tuner", cause.because]);
  assert.equal(update?.time?.slice(0, 19), formatTime(clock.now()).slice(0, 19));
  assert.deepEqual(update?.changes, [
    { path: ".metadata.labels", to: { a: "b" } },
    { path: ".data.value", from: "one", to: "two" },
  ]);
  assert.equal((await server.ask("GET", `${MAPS}/m?history=30s`)).body.items.length, 1);
  await server.ask("DELETE", `${MAPS}/m`);
  assert.deepEqual(
    (await items()).map(i => i.did),
    ["delete", "update", "create"],
  );
  assert.equal((await server.ask("GET", `${MAPS}/none?history=true`)).code, 404);
  server.close();
});

test("a write past the API has no author but its managers; a restart forgets nothing", async () => {
  const clock = virtualClock();
  const store = memoryStore({ clock });
  const one = await testServer(clock, { store });
  await one.ask("POST", `${MAPS}?fieldManager=maker`, { metadata: { name: "m" }, data: { value: "one" } });
  await put(one, "m", "two", "changer");
  await clock.advance(20 * MINUTE);
  const entry = await store.get("/registry/configmaps/default/m");
  const key = entry!.key;
  const before = (await one.ask("GET", `${MAPS}/m?at=${entry!.modRevision - 1}`)).body;
  await store.txn([], [{ op: "put", key, value: (await store.get(key, Number(before.metadata.resourceVersion)))!.value }]);
  one.close();
  const two = await testServer(clock, { store }, []);
  const { items } = (await two.ask("GET", `${MAPS}/m?history`)).body;
  assert.deepEqual(
    items.map((i: HistoryItem) => [i.user, i.manager]),
    [
      [undefined, "maker"],
      ["admin", "changer"],
      ["admin", "maker"],
    ],
  );
  // What was too old for a watch before the restart is so after it.
  const late = await two.ask("GET", `${MAPS}?limit=1&resourceVersion=${before.metadata.resourceVersion}`);
  assert.equal(late.code, 410);
  two.close();
});

test("who may look into one namespace does not see what stood under its name before", async () => {
  const clock = virtualClock();
  const server = await testServer(clock, {
    access: () => ({
      authenticators: [{ authenticate: async request => request.identity }],
      authorizer: { authorize: async a => ({ decision: a.namespace === "" && a.user.name === "tenant" ? "none" : "allow", reason: "" }) },
      plugins: [],
    }),
  });
  await server.ask("POST", "/api/v1/namespaces", { metadata: { name: "team" } });
  const url = "/api/v1/namespaces/team/configmaps";
  const old = (await server.ask("POST", url, { metadata: { name: "m" } })).body.metadata.resourceVersion;
  await server.ask("DELETE", `${url}/m`);
  await server.store.txn([], [{ op: "delete", key: "/registry/namespaces/team" }]);
  await clock.advance(20 * MINUTE);
  await server.ask("POST", "/api/v1/namespaces", { metadata: { name: "team" } });
  await server.ask("POST", url, { metadata: { name: "m" } });
  const identity = { name: "tenant", groups: [] };
  const as = (path: string) => server.handle({ method: "GET", url: path, headers: {}, identity });
  const exact = `resourceVersion=${old}&resourceVersionMatch=Exact`;
  for (const path of [`${url}/m?at=15m`, `${url}?at=15m`, `${url}/m?${exact}`, `${url}?${exact}`, `${url}/m?history`])
    assert.equal((await as(path)).status, 403, path);
  assert.equal((await as(`${url}/m`)).status, 200);
  assert.equal((await as(`${url}/m?at=0s`)).status, 200);
  assert.equal((await server.ask("GET", `${url}/m?at=${old}`)).code, 200);
  server.close();
});

test("a store without room takes deletions, though no note of them", async () => {
  const clock = virtualClock();
  const store = memoryStore({ clock, limit: 64 * 1024 });
  const server = await testServer(clock, { store });
  await server.ask("POST", MAPS, { metadata: { name: "m" }, data: { value: "one" } });
  let code = 0;
  for (let i = 0; i < 100 && code !== 500; i++)
    ({ code } = await server.ask("POST", MAPS, { metadata: { name: `n-${i}` }, data: { value: "x".repeat(4000) } }));
  assert.equal(code, 500);
  assert.equal((await server.ask("DELETE", `${MAPS}/m`)).code, 200);
  assert.equal((await server.ask("GET", `${MAPS}/m`)).code, 404);
  server.close();
});

test("a store that another process has compacted further than this one knows", async () => {
  const clock = virtualClock();
  const store = memoryStore({ clock });
  const server = await testServer(clock, { store });
  for (let i = 0; i < 20; i++) {
    await clock.advance(MINUTE);
    if (i === 0) await server.ask("POST", MAPS, { metadata: { name: "m" }, data: { value: "0" } });
    else await put(server, "m", String(i));
  }
  const half = store.revision - 10;
  await store.compact(half);
  const unaware = new Journal(
    new Proxy(store, {
      get: (of, name) =>
        name === "compacted" ? 0 : typeof of[name as never] === "function" ? (of[name as never] as () => void).bind(of) : of[name as never],
    }),
    clock,
  );
  assert.equal(await unaware.revisionAt(clock.now() - 18 * MINUTE), undefined);
  assert.equal(await unaware.revisionAt(clock.now() - 5 * MINUTE), store.revision - 5);
  assert.equal((await unaware.oldest()).revision, half);
  assert.equal((await Array.fromAsync(unaware.before(store.revision))).length, 11);
  server.close();
});
