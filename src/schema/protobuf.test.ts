import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { kinds } from "#kinds/all.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { ListMeta } from "#kinds/meta/v1/listmeta.ts";
import { decodeKind } from "#schema/decode.ts";
import { make } from "#schema/make.ts";
import { decodeProtobuf, encodeProtobuf, encodeProtobufList, readEnvelope, watchFrame } from "#schema/protobuf.ts";

const shared = process.env.COXSWAIN_SHARED ?? join(import.meta.dirname, "../../../shared");
const fixtures = join(shared, "data/k8s-api-roundtrip/testdata/v1.36.0");

test("upstream's bytes of every kind are read, and written byte by byte the same", {
  skip: !existsSync(fixtures) && "fixtures are not here",
}, () => {
  let count = 0;
  for (const kind of kinds) {
    const file = join(fixtures, `${kind.group || "core"}.${kind.version}.${kind.kind}`);
    if (!existsSync(`${file}.pb`)) continue;
    const bytes = new Uint8Array(readFileSync(`${file}.pb`));
    const json = JSON.parse(readFileSync(`${file}.json`, "utf8")) as unknown;
    const { value } = decodeKind(kind, { value: decodeProtobuf(kind.schema, readEnvelope(bytes)) });
    assert.deepEqual(value, json, kind.kind);
    assert.equal(encodeProtobuf(kind.schema, json).toHex(), bytes.toHex(), kind.kind);
    count++;
  }
  assert.ok(count > 20, `${count} kinds`);
});

test("zeros that Go writes are dropped, zeros that mean something are kept", () => {
  const pod = make(Pod, { metadata: { name: "x" }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "c" }] } });
  const bytes = encodeProtobuf(Pod.schema, { ...pod, spec: { ...pod.spec, hostname: "", hostNetwork: false, priority: -1 } });
  const { value } = decodeKind(Pod, { value: decodeProtobuf(Pod.schema, readEnvelope(bytes)) });
  assert.deepEqual(value, { ...pod, spec: { ...pod.spec, priority: -1 } });
});

test("lists and watch frames", () => {
  const map = make(ConfigMap, { metadata: { name: "x" }, data: { __proto: "1", b: "2" } });
  const list = encodeProtobufList(ListMeta.node, ConfigMap.schema, {
    apiVersion: "v1",
    kind: "ConfigMapList",
    metadata: { resourceVersion: "7" },
    items: [map, map],
  });
  const head = readEnvelope(list);
  assert.equal(head.kind, "ConfigMapList");
  const item = readEnvelope(encodeProtobuf(ConfigMap.schema, map)).raw.toHex();
  assert.equal(head.raw.toHex().split(item).length - 1, 2);
  const frame = watchFrame("ADDED", encodeProtobuf(ConfigMap.schema, map));
  assert.equal(new DataView(frame.buffer, frame.byteOffset).getUint32(0), frame.length - 4);
  const event = frame.subarray(4).toHex();
  assert.ok(event.startsWith("0a054144444544"), "field 1 is the type, and no envelope stands around the event");
  assert.ok(event.includes("6b387300"), "the object is an envelope");
});

test("bytes that are no message are refused", () => {
  assert.throws(() => readEnvelope(new Uint8Array([1, 2, 3, 4])), /does not appear to be a protobuf message/);
  const bytes = encodeProtobuf(ConfigMap.schema, make(ConfigMap, { metadata: { name: "x" }, data: { a: "b" } }));
  for (let cut = 4; cut < bytes.length - 5; cut++) {
    try {
      decodeProtobuf(ConfigMap.schema, readEnvelope(bytes.subarray(0, cut)));
    } catch (e) {
      assert.match((e as Error).message, /unexpected EOF|proto:/);
    }
  }
});
