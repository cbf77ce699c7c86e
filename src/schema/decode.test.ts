import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { parseJson } from "#base/json.ts";
import { kinds } from "#kinds/all.ts";
import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { Role } from "#kinds/rbac/v1/role.ts";
import { decodeKind } from "#schema/decode.ts";
import { fillDefaults } from "#schema/defaults.ts";
import { make } from "#schema/make.ts";
import { int32, list, objectsIn, string } from "#schema/notation.ts";

const shared = process.env.COXSWAIN_SHARED ?? join(import.meta.dirname, "../../../shared");
const fixtures = join(shared, "data/k8s-api-roundtrip/testdata/v1.36.0");

test("upstream's objects of every kind come out as they went in", { skip: !existsSync(fixtures) && "fixtures are not here" }, () => {
  let count = 0;
  for (const kind of kinds) {
    const file = join(fixtures, `${kind.group || "core"}.${kind.version}.${kind.kind}.json`);
    if (!existsSync(file)) continue;
    const text = readFileSync(file, "utf8");
    const { value, strict } = decodeKind(kind, parseJson(text));
    assert.deepEqual(strict, [], kind.kind);
    assert.deepEqual(value, JSON.parse(text), kind.kind);
    count++;
  }
  assert.ok(count > 20, `${count} kinds`);
});

const body = (text: string) => parseJson(text);
test("wrong types are named as Go names them", () => {
  const says: [string, string][] = [
    ['{"spec":{"replicas":"3"}}', "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"],
    ['{"spec":{"replicas":1.5}}', "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"],
    [
      '{"spec":{"template":{"spec":{"containers":{}}}}}',
      "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
    ],
    ['{"metadata":{"labels":{"a":1}}}', "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"],
    ['{"spec":7}', "json: cannot unmarshal number into Go struct field Deployment.spec of type v1.DeploymentSpec"],
    ["[]", "json: cannot unmarshal array into Go value of type v1.Deployment"],
    [
      '{"spec":{"template":{"spec":{"containers":[{"resources":{"limits":{"cpu":"x"}}}]}}}}',
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    ['{"metadata":{"creationTimestamp":"now"}}', 'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"'],
  ];
  for (const [text, message] of says)
    assert.throws(
      () => decodeKind(Deployment, body(text)),
      { message: `Deployment in version "v1" cannot be handled as a Deployment: ${message}` },
      text,
    );
});

test("unknown and repeated fields stand in the order of the text", () => {
  const text =
    '{"spec":{"foo":1,"replicas":1,"Replicas":2,"replicas":3,"template":{"spec":{"containers":[{"x":1,"name":"a","name":"b"}]}}},"metadata":{"labels":{"a":"1","a":"2"},"q":null}}';
  const { value, strict } = decodeKind(Deployment, body(text));
  assert.deepEqual(strict, [
    'unknown field "spec.foo"',
    'unknown field "spec.Replicas"',
    'duplicate field "spec.replicas"',
    'unknown field "spec.template.spec.containers[0].x"',
    'duplicate field "spec.template.spec.containers[0].name"',
    'duplicate field "metadata.labels.a"',
    'unknown field "metadata.q"',
  ]);
  assert.equal(value.spec.replicas, 3);
  assert.deepEqual(Object.keys(value).slice(0, 2).sort(), ["apiVersion", "kind"]);
});

test("null, zero and empty as a round trip through Go leaves them", () => {
  const { value } = decodeKind(
    Pod,
    body(
      '{"metadata":{"name":"x","labels":{"b":"1","a":null},"annotations":{},"creationTimestamp":null},"spec":{"hostNetwork":false,"hostname":"","enableServiceLinks":false,"priority":0,"nodeName":null,"volumes":[],"containers":[{"name":"c","resources":{"limits":{"cpu":0.5,"memory":"1024Mi"}}}]}}',
    ),
  );
  assert.deepEqual(value.metadata, { name: "x", labels: { a: "", b: "1" } });
  assert.deepEqual(Object.keys(value.metadata.labels!), ["a", "b"]);
  assert.deepEqual(value.spec, {
    enableServiceLinks: false,
    priority: 0,
    containers: [{ name: "c", resources: { limits: { cpu: "500m", memory: "1Gi" } } }],
  });
  assert.deepEqual(value.status, {});
  // Where Go shows null for an unset list, ours is empty.
  assert.deepEqual(decodeKind(Role, body('{"metadata":{"name":"x"}}')).value.rules, []);
  const proto = decodeKind(ConfigMap, body('{"data":{"__proto__":"x"}}')).value;
  assert.deepEqual(Object.keys(proto.data!), ["__proto__"]);
});

test("defaults go in at every depth, once", () => {
  const object = objectsIn("test.v1");
  const Port = object("Port", "", { protocol: string(1, "").default("TCP"), port: int32(2, "") });
  const Spec = object("Spec", "", { ports: list(1, Port, ""), names: list(2, string, "").default(["a"]) });
  const spec: Record<string, unknown> = { ports: [{ port: 1 }, { protocol: "UDP" }, { protocol: "" }] };
  fillDefaults(Spec.node, spec);
  assert.deepEqual(spec, { ports: [{ port: 1, protocol: "TCP" }, { protocol: "UDP" }, { protocol: "TCP" }], names: ["a"] });
  const other: Record<string, unknown> = {};
  fillDefaults(Spec.node, other);
  (other.names as string[]).push("b");
  assert.deepEqual(spec.names, ["a"]);
});

test("make refuses what the kind does not know", () => {
  assert.equal(make(ConfigMap, { metadata: { name: "x" }, data: { a: "b" } }).kind, "ConfigMap");
  assert.throws(() => make(ConfigMap, { metadata: { name: "x" }, dat: {} } as never), { message: 'ConfigMap: unknown field "dat"' });
});
