/** A cluster's API over a store on disk, whose files are searched for what a Secret says. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import { type EncryptionConfig, parseConfig, writeConfig } from "#apiserver/sealing/config.ts";
import { firstConfig, type SealingStatus } from "#apiserver/sealing/keys.ts";
import { linesOf, type TestServer, testServer } from "#apiserver/testing.ts";
import { seededChance } from "#base/chance.ts";
import { hostCiphers } from "#host/cipher.ts";
import { openStore } from "#host/store.ts";
import { virtualClock } from "#sim/clock.ts";
import type { Store } from "#store/contract.ts";
import { memoryStore } from "#store/memory.ts";

const SECRETS = "/api/v1/namespaces/default/secrets";
const WORD = "correct-horse-battery-staple";
/** The value in all forms in which it could stand somewhere; base64 in its three alignments. */
function formsOf(value: string): Buffer[] {
  const aligned = [0, 1, 2].map(n =>
    Buffer.from(" ".repeat(n) + value)
      .toString("base64")
      .slice(n === 0 ? 0 : n + 1, -4),
  );
  const hex = Buffer.from(value).toString("hex");
  return [value, [...value].reverse().join(""), ...aligned, hex, hex.toUpperCase()].flatMap(f => [
    Buffer.from(f),
    Buffer.from(f, "utf16le"),
  ]);
}
async function filesIn(directory: string): Promise<string[]> {
  const out: string[] = [];
  for (const name of await readdir(directory)) {
    const file = path.join(directory, name);
    if ((await stat(file)).isDirectory()) out.push(...(await filesIn(file)));
    else out.push(file);
  }
  return out;
}
async function findings(directory: string, value: string): Promise<string[]> {
  const out: string[] = [];
  for (const file of await filesIn(directory)) {
    const bytes = await readFile(file);
    for (const form of formsOf(value)) if (bytes.includes(form)) out.push(`${path.basename(file)}: ${form}`);
  }
  return out;
}
/** A key file in memory, as text. */
function keyFile(first: EncryptionConfig = firstConfig(seededChance(7))) {
  let content = writeConfig(first);
  return {
    read: async () => parseConfig(content),
    write: async (config: EncryptionConfig) => {
      content = writeConfig(config);
    },
    keys: () => [...content.matchAll(/"name": "([^"]*)"/g)].map(m => m[1] ?? ""),
  };
}
const secret = (name: string, value: string) => ({
  metadata: { name, annotations: { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({ stringData: { word: value } }) } },
  stringData: { word: value, json: JSON.stringify({ word: value }) },
});
async function statusOf(server: TestServer): Promise<SealingStatus> {
  return (await server.ask("GET", "/coxswain/secrets")).body;
}
async function settled(server: TestServer, phase: SealingStatus["phase"]): Promise<SealingStatus> {
  await server.ask("GET", "/coxswain/secrets?wait=true");
  // Dropping the older keys may still be under way.
  let status = await statusOf(server);
  for (let i = 0; i < 10_000 && status.phase !== phase; i++) {
    await new Promise(resolve => setImmediate(resolve));
    status = await statusOf(server);
  }
  assert.equal(status.phase, phase, status.error ?? "");
  return status;
}
const wordOf = async (server: TestServer, name: string, query = "") =>
  Buffer.from((await server.ask("GET", `${SECRETS}/${name}${query}`)).body.data.word, "base64").toString();

test("no file of the store says what a Secret says, whatever was done to it", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "cox-sealed-"));
  try {
    const clock = virtualClock();
    const file = keyFile();
    let store = await openStore(directory);
    let server = await testServer(clock, { store, sealing: { file, ciphers: hostCiphers } });
    for (let i = 0; i < 20; i++) await server.ask("POST", SECRETS, secret(`s-${i}`, WORD));
    for (let i = 0; i < 20; i += 2) await server.ask("PUT", `${SECRETS}/s-${i}`, secret(`s-${i}`, `${WORD}-${i}`));
    for (let i = 0; i < 20; i += 5) await server.ask("DELETE", `${SECRETS}/s-${i}`);
    await server.ask("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "open" }, data: { word: "this-is-no-secret" } });
    assert.equal((await server.ask("GET", SECRETS)).body.items.length, 16);
    assert.equal(await wordOf(server, "s-2"), `${WORD}-2`);
    assert.equal(await wordOf(server, "s-0", "?at=0s").catch(() => "gone"), "gone");
    // Of what lies open the word is found, so that of what is sealed it would be.
    assert.deepEqual(await findings(directory, WORD), []);
    assert.notDeepEqual(await findings(directory, "this-is-no-secret"), []);
    server.close();
    await store.close();
    store = await openStore(directory);
    server = await testServer(clock, { store, sealing: { file, ciphers: hostCiphers } }, []);
    assert.equal(await wordOf(server, "s-2"), `${WORD}-2`);
    const raw = await store.get("/registry/secrets/default/s-2");
    assert.match(Buffer.from(raw!.value).toString("latin1"), /^k8s:enc:aesgcm:v1:key-1:/);
    // More than a segment of the log waits for before the index is told.
    for (let i = 0; i < 10; i++) await server.ask("POST", SECRETS, secret(`big-${i}`, WORD.repeat(9_000)));
    server.close();
    await store.close();
    assert.deepEqual(await findings(directory, WORD), []);
    const logs = (await filesIn(directory)).filter(f => f.endsWith(".log"));
    const sealed = await Promise.all(logs.map(async f => (await readFile(f)).includes("k8s:enc:aesgcm:v1:key-1:")));
    assert.ok(sealed.includes(true), `sealed values lie in ${logs.join(", ")}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("a watch and a list of Secrets are plain, and a store without its keys tells which value it cannot read", async () => {
  const clock = virtualClock();
  const store = memoryStore({ clock });
  const server = await testServer(clock, { store, sealing: { file: keyFile(), ciphers: hostCiphers } });
  await server.ask("POST", SECRETS, secret("s", WORD));
  const lines = linesOf(await server.send("GET", `${SECRETS}?watch=1&resourceVersion=1`));
  assert.equal((await lines.next()).value.object.data.word, Buffer.from(WORD).toString("base64"));
  await lines.return(undefined);
  assert.equal((await server.ask("GET", SECRETS)).body.items[0].data.word, Buffer.from(WORD).toString("base64"));
  server.close();
  const other = { file: keyFile(firstConfig(seededChance(8))), ciphers: hostCiphers };
  await assert.rejects(testServer(clock, { store, sealing: other }, []), {
    message:
      'unable to transform key "/registry/secrets/default/s": key "key-1" of aesgcm does not open it, identity transformer tried to read encrypted data',
  });
});

async function rotating(store: Store, file = keyFile()) {
  const clock = virtualClock();
  const server = await testServer(clock, { store, sealing: { file, ciphers: hostCiphers } });
  return { clock, server, file };
}

test("keys change while the server runs: the new one at once, the old one goes with the last revision that it opens", async () => {
  const store = memoryStore({ clock: virtualClock() });
  const { clock, server, file } = await rotating(store);
  for (let i = 0; i < 150; i++) await server.ask("POST", SECRETS, secret(`s-${i}`, WORD));
  assert.deepEqual([file.keys(), (await statusOf(server)).phase], [["key-1"], "settled"]);
  const before = store.revision;
  assert.equal((await server.ask("POST", "/coxswain/secrets/rotate")).code, 202);
  const waiting = await settled(server, "waiting");
  assert.deepEqual([waiting.rewritten, waiting.older, waiting.sealed[0]?.key], [150, ["key-1"], "key-2"]);
  assert.deepEqual(file.keys(), ["key-2", "key-1"]);
  for await (const entries of store.scan("/registry/secrets/", "/registry/secrets0"))
    for (const e of entries) assert.ok(Buffer.from(e.value).includes("k8s:enc:aesgcm:v1:key-2:"));
  // What was before is read with the old key, as long as it is kept.
  assert.equal(await wordOf(server, "s-7", `?at=${before}`), WORD);
  await server.ask("PUT", `${SECRETS}/s-7`, secret("s-7", "new"));
  await clock.advance(61 * 60_000 + 15 * 60_000);
  await settled(server, "settled");
  assert.deepEqual(file.keys(), ["key-2"]);
  assert.equal(await wordOf(server, "s-8"), WORD);
  server.close();
});

test("to forget the past lets the old key go at once", async () => {
  const store = memoryStore({ clock: virtualClock() });
  const { server, file } = await rotating(store);
  await server.ask("POST", SECRETS, secret("s", WORD));
  const before = store.revision;
  await server.ask("POST", "/coxswain/secrets/rotate?forget=true");
  await settled(server, "settled");
  assert.deepEqual(file.keys(), ["key-2"]);
  assert.equal(await wordOf(server, "s"), WORD);
  assert.equal((await server.ask("GET", `${SECRETS}/s?at=${before}`)).code, 410);
  server.close();
});

test("values from before they were to be sealed, and a rotation that was cut off, are seen to at the next start", async () => {
  const clock = virtualClock();
  const store = memoryStore({ clock });
  const plain = await testServer(clock, { store });
  await plain.ask("POST", SECRETS, secret("s", WORD));
  plain.close();
  assert.ok(Buffer.from((await store.get("/registry/secrets/default/s"))!.value).includes(WORD));
  const { server, file } = await rotating(store);
  assert.equal((await settled(server, "settled")).rewritten, 1);
  assert.ok(!Buffer.from((await store.get("/registry/secrets/default/s"))!.value).includes(WORD));
  const [{ resources, providers }] = (await file.read()) as [EncryptionConfig[number]];
  const [first, ...rest] = providers;
  assert.ok(first && first.is !== "identity");
  const cut = { is: first.is, keys: [{ name: "key-2", secret: new Uint8Array(32) }, ...first.keys] };
  server.close();
  await file.write([{ resources, providers: [cut, ...rest] }]);
  const again = await rotating(store, file);
  assert.equal((await settled(again.server, "waiting")).rewritten, 1);
  assert.equal(await wordOf(again.server, "s"), WORD);
  again.server.close();
});

test("with a file of the administrator's own, a rotation reads it again", async () => {
  const store = memoryStore({ clock: virtualClock() });
  const keys = (...names: string[]) => names.map(name => ({ name, secret: new Uint8Array(32).fill(name.length) }));
  let config: EncryptionConfig = [{ resources: ["secrets", "configmaps"], providers: [{ is: "secretbox", keys: keys("a") }] }];
  const clock = virtualClock();
  const server = await testServer(clock, { store, sealing: { file: { read: async () => config }, ciphers: hostCiphers } });
  await server.ask("POST", SECRETS, secret("s", WORD));
  const maps = "/api/v1/namespaces/default/configmaps";
  await server.ask("POST", maps, { metadata: { name: "m" }, data: { word: WORD } });
  const raw = async (key: string) => Buffer.from((await store.get(key))!.value).toString("latin1");
  assert.match(await raw("/registry/configmaps/default/m"), /^k8s:enc:secretbox:v1:a:/);
  config = [
    {
      resources: ["secrets"],
      providers: [
        { is: "aescbc", keys: keys("bb") },
        { is: "secretbox", keys: keys("a") },
      ],
    },
  ];
  await server.ask("POST", "/coxswain/secrets/rotate");
  const status = await settled(server, "settled");
  assert.deepEqual([status.sealed, status.older], [[{ resources: ["secrets"], provider: "aescbc", key: "bb" }], ["a"]]);
  assert.match(await raw("/registry/secrets/default/s"), /^k8s:enc:aescbc:v1:bb:/);
  server.close();
});
