import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { type FieldSet, without } from "#apiserver/patch/fieldset.ts";
import { compare, fieldSetOf, merge, removeItems } from "#apiserver/patch/typed.ts";
import { parseYaml } from "#base/yaml.ts";
import { Endpoints } from "#kinds/core/v1/endpoints.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";

const shared = process.env.COXSWAIN_SHARED ?? join(import.meta.dirname, "../../../../shared");
const data = join(shared, "data/structured-merge-diff/internal/testdata");

test("upstream's sets of large objects, key for key in the same order", { skip: !existsSync(data) && "objects are not here" }, () => {
  for (const [name, kind] of [
    ["node", Node],
    ["endpoints", Endpoints],
  ] as const) {
    const object = parseYaml(readFileSync(join(data, `${name}.yaml`), "utf8"))[0]!.value;
    const theirs = JSON.parse(readFileSync(join(data, `${name}set.json`), "utf8")) as FieldSet;
    const { added } = compare(kind.schema, undefined, object);
    assert.equal(JSON.stringify(added), JSON.stringify(theirs), name);
    assert.deepEqual(without(fieldSetOf(kind.schema, object), theirs), {}, "an object's own fields are among those added with it");
    assert.deepEqual(compare(kind.schema, object, structuredClone(object)), { added: {}, modified: {}, removed: {} });
  }
});

const pod = (containers: unknown, more: object = {}) => ({ spec: { containers, ...more } });

test("merging keeps the live order as far as the applied one allows", () => {
  const live = pod([{ name: "a", image: "1" }, { name: "x" }, { name: "b" }]);
  const config = pod([{ name: "b" }, { name: "new" }, { name: "a", image: "2" }]);
  const merged = merge(Pod.schema, live, config) as { spec: { containers: { name: string; image?: string }[] } };
  assert.deepEqual(
    merged.spec.containers.map(c => c.name).filter(n => n !== "x"),
    ["b", "new", "a"],
  );
  assert.equal(merged.spec.containers.find(c => c.name === "a")!.image, "2");
  assert.ok(merged.spec.containers.some(c => c.name === "x"));
});

test("items are removed by their keys", () => {
  const remove = { "f:spec": { "f:containers": { 'k:{"name":"a"}': {}, 'k:{"name":"b"}': { "f:image": {} } } } };
  assert.deepEqual(removeItems(Pod.schema, pod([{ name: "a" }, { name: "b", image: "1" }]), remove), pod([{ name: "b" }]));
});

test("items given twice count as one", () => {
  const twice = pod([{ name: "a", ports: [{ containerPort: 80 }, { containerPort: 80, name: "x" }] }]);
  const once = pod([{ name: "a", ports: [{ containerPort: 80 }] }]);
  const key = 'k:{"containerPort":80}';
  const ports = (set: FieldSet) =>
    JSON.stringify(set).includes(JSON.stringify(key).slice(1, -1)) || JSON.stringify(set).includes("containerPort");
  assert.ok(ports(compare(Pod.schema, once, twice).added));
  assert.ok(ports(compare(Pod.schema, twice, once).removed));
});
