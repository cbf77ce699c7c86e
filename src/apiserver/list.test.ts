import assert from "node:assert/strict";
import test from "node:test";
import { testServer } from "#apiserver/testing.ts";
import { limits } from "#base/limits.ts";
import { parseYaml } from "#base/yaml.ts";
import { ListMeta } from "#kinds/meta/v1/listmeta.ts";
import { PartialObjectMetadata } from "#kinds/meta/v1/partial.ts";
import { list, objectsIn } from "#schema/notation.ts";
import { decodeProtobuf, readEnvelope } from "#schema/protobuf.ts";
import { virtualClock } from "#sim/clock.ts";
import { memoryStore } from "#store/memory.ts";

const CONFIGMAPS = "/api/v1/namespaces/default/configmaps";

async function withMaps(count: number) {
  const clock = virtualClock();
  const server = await testServer(clock);
  for (let i = 0; i < count; i++)
    await server.ask("POST", CONFIGMAPS, { metadata: { name: `m-${String(i).padStart(3, "0")}`, labels: { even: String(i % 2 === 0) } } });
  return { clock, server };
}

test("a chunked list is one snapshot, in the order of names, and counts what remains", async () => {
  const { server } = await withMaps(25);
  const first = (await server.ask("GET", `${CONFIGMAPS}?limit=10`)).body;
  assert.equal(first.items.length, 10);
  assert.equal(first.metadata.remainingItemCount, 15);
  await server.ask("POST", CONFIGMAPS, { metadata: { name: "m-012x" } });
  const second = (await server.ask("GET", `${CONFIGMAPS}?limit=7&continue=${first.metadata.continue}`)).body;
  assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
  assert.equal(second.metadata.remainingItemCount, 8);
  const last = (await server.ask("GET", `${CONFIGMAPS}?limit=8&continue=${second.metadata.continue}`)).body;
  assert.equal(last.metadata.continue, undefined);
  assert.equal(last.metadata.remainingItemCount, undefined);
  const names = [...first.items, ...second.items, ...last.items].map(i => i.metadata.name);
  assert.deepEqual(
    names,
    [...Array(25).keys()].map(i => `m-${String(i).padStart(3, "0")}`),
  );
  server.close();
});

test("a selector leaves the count out, and the pages are full", async () => {
  const { server } = await withMaps(25);
  const page = (await server.ask("GET", `${CONFIGMAPS}?limit=5&labelSelector=even%3Dtrue`)).body;
  assert.equal(page.items.length, 5);
  assert.equal(page.metadata.remainingItemCount, undefined);
  const rest = (await server.ask("GET", `${CONFIGMAPS}?labelSelector=even%3Dtrue&continue=${page.metadata.continue}`)).body;
  assert.equal(rest.items.length, 8);
  assert.equal(rest.items[0].metadata.name, "m-010");
  server.close();
});

test("a token whose revision is compacted is answered with a new one that goes on at the newest", async () => {
  const { clock, server } = await withMaps(6);
  const first = (await server.ask("GET", `${CONFIGMAPS}?limit=2`)).body;
  await server.ask("POST", CONFIGMAPS, { metadata: { name: "m-004x" } });
  await clock.advance(limits.compactionAge + 1);
  await clock.advance(limits.compactionAge + 1);
  const gone = (await server.ask("GET", `${CONFIGMAPS}?limit=2&continue=${first.metadata.continue}`)).body;
  assert.equal(gone.code, 410);
  assert.equal(gone.reason, "Expired");
  const on = (await server.ask("GET", `${CONFIGMAPS}?limit=2&continue=${gone.metadata.continue}`)).body;
  assert.deepEqual(
    on.items.map((i: { metadata: { name: string } }) => i.metadata.name),
    ["m-002", "m-003"],
  );
  assert.ok(Number(on.metadata.resourceVersion) > Number(first.metadata.resourceVersion));
  server.close();
});

test("a list at an exact revision shows what stood then", async () => {
  const { server } = await withMaps(2);
  const { resourceVersion } = (await server.ask("GET", CONFIGMAPS)).body.metadata;
  await server.ask("DELETE", `${CONFIGMAPS}/m-000`);
  const then = (await server.ask("GET", `${CONFIGMAPS}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`)).body;
  assert.equal(then.items.length, 2);
  assert.equal(then.metadata.resourceVersion, resourceVersion);
  assert.equal((await server.ask("GET", CONFIGMAPS)).body.items.length, 1);
  server.close();
});

test("tables and metadata alone", async () => {
  const { server } = await withMaps(2);
  const table = (await server.ask("GET", CONFIGMAPS, undefined, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" })).body;
  assert.equal(table.kind, "Table");
  assert.deepEqual(
    table.columnDefinitions.map((c: { name: string }) => c.name),
    ["Name", "Data", "Age"],
  );
  assert.equal(table.rows[0].cells[0], "m-000");
  assert.equal(table.rows[0].object.kind, "PartialObjectMetadata");
  const partial = (
    await server.ask("GET", CONFIGMAPS, undefined, { accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" })
  ).body;
  assert.equal(partial.kind, "PartialObjectMetadataList");
  assert.deepEqual(Object.keys(partial.items[0]).sort(), ["apiVersion", "kind", "metadata"]);
  server.close();
});

test("a collection is deleted by its selector", async () => {
  const { server } = await withMaps(6);
  const { body } = await server.ask("DELETE", `${CONFIGMAPS}?labelSelector=even%3Dtrue`);
  assert.equal(body.kind, "ConfigMapList");
  assert.equal(body.items.length, 3);
  assert.equal((await server.ask("GET", CONFIGMAPS)).body.items.length, 3);
  server.close();
});

const FORMS = [
  ["application/json;as=Table;v=v1;g=meta.k8s.io", "rows"],
  ["application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "items"],
  ["application/yaml", "items"],
  ["application/yaml;as=Table;v=v1;g=meta.k8s.io", "rows"],
  ["application/vnd.kubernetes.protobuf", "items"],
  ["application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "items"],
] as const;
interface AnyList {
  kind: string;
  metadata: { resourceVersion: string };
  items?: { metadata: { name: string } }[];
  rows?: { cells: unknown[] }[];
}
/** The list that an answer in any of these forms says; what protobuf leaves out is as if it said so. */
function listOf(accept: string, body: Uint8Array): AnyList {
  if (accept.includes("yaml")) return parseYaml(Buffer.from(body).toString())[0]!.value as AnyList;
  if (!accept.includes("protobuf")) return JSON.parse(Buffer.from(body).toString());
  const envelope = readEnvelope(body);
  return { kind: envelope.kind, ...decodeProtobuf(List.node, envelope) } as unknown as AnyList;
}
/** Of any kind: the metadata of its items. */
const List = objectsIn("test")("List", "", { metadata: ListMeta(1, ""), items: list(2, PartialObjectMetadata, "") });

test("every form of a list comes piece by piece and says the same, long or short", async () => {
  const server = await testServer(virtualClock());
  const data = { fill: `${"x".repeat(700)}\n` };
  for (const count of [0, 3, 1200]) {
    const namespace = `n${count}`;
    await server.ask("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const names = Array.from({ length: count }, (_, i) => `c-${String(i).padStart(4, "0")}`);
    for (const name of names) await server.ask("POST", path, { metadata: { name }, data });
    for (const [accept, field] of [...FORMS, ["application/json", "items"] as const])
      for (const query of accept === "application/json" ? ["?pretty=true", ""] : [""]) {
        const { body, status } = await server.send("GET", path + query, undefined, { accept });
        assert.equal(status, 200);
        const pieces = body instanceof Uint8Array ? [body] : await Array.fromAsync(body!);
        if (count > 1000 && !accept.includes("Partial") && !accept.includes("Table"))
          assert.ok(pieces.length > 5, `${accept} in ${pieces.length}`);
        const said = listOf(accept, Buffer.concat(pieces));
        assert.ok(Number(said.metadata.resourceVersion) > 0, accept);
        const found = field === "rows" ? said.rows!.map(r => r.cells[0]) : (said.items ?? []).map(o => o.metadata.name);
        assert.deepEqual(found, names, accept);
      }
  }
  server.close();
});

test("a list in protobuf that is longer than what is held is encoded twice, and whole", async () => {
  const server = await testServer(virtualClock());
  const fill = "x".repeat(512 * 1024);
  const names = Array.from({ length: 40 }, (_, i) => `c-${String(i).padStart(4, "0")}`);
  for (const name of names) await server.ask("POST", CONFIGMAPS, { metadata: { name }, data: { fill: `${fill}${name}` } });
  const accept = "application/vnd.kubernetes.protobuf";
  const { body } = await server.send("GET", `${CONFIGMAPS}?limit=38`, undefined, { accept });
  // a write between does not show
  const first = await (body as AsyncGenerator<Uint8Array>).next();
  await server.ask("DELETE", `${CONFIGMAPS}/c-0037`);
  const pieces = [first.value, ...(await Array.fromAsync(body as AsyncIterable<Uint8Array>))];
  const said = listOf(accept, Buffer.concat(pieces));
  assert.ok(pieces.reduce((n, p) => n + p.length, 0) > limits.listHeld);
  assert.deepEqual(
    said.items!.map(o => o.metadata.name),
    names.slice(0, 38),
  );
  server.close();
});

test("a long list comes piece by piece, reads no further than it is read, and is whole", async () => {
  const inner = memoryStore({ clock: virtualClock() });
  let reads = 0;
  const store = new Proxy(inner, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (name === "range") reads++;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const server = await testServer(virtualClock(), { store });
  const data = { fill: "x".repeat(1024) };
  for (let i = 0; i < 3000; i++) await server.ask("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: `c${i}` }, data });
  reads = 0;
  const { body } = await server.send("GET", "/api/v1/configmaps");
  assert.ok(body && !(body instanceof Uint8Array));
  assert.ok(reads < 3, `${reads} pages were read before the first byte was`);
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  for (const piece of pieces) assert.ok(piece.length < 128 * 1024, `a piece has ${piece.length} bytes`);
  const { items } = JSON.parse(Buffer.concat(pieces).toString());
  assert.equal(items.filter((o: { metadata: { name: string } }) => /^c\d+$/.test(o.metadata.name)).length, 3000);
  server.close();
});
