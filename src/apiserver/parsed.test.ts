import assert from "node:assert/strict";
import { test } from "node:test";
import { Parsed } from "#apiserver/parsed.ts";
import { drawUp } from "#apiserver/record.ts";
import type { AnyObject } from "#apiserver/registry.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";

const KEY = "/registry/configmaps/default/a";
const drawn = (value: string) =>
  drawUp(ConfigMap, { metadata: { name: "a", namespace: "default", uid: "u" }, data: { value } } as unknown as ConfigMap);
const dataOf = (object: AnyObject | undefined) => object && [object.metadata.resourceVersion, (object as unknown as ConfigMap).data?.value];

test("what was written is there for whoever asks first, and as the last until the next is written", () => {
  const parsed = new Parsed();
  const [one, two] = [drawn("1"), drawn("2")];
  parsed.coming(ConfigMap, KEY, one);
  assert.equal(parsed.last(ConfigMap, KEY), undefined);
  const heard = parsed.get(ConfigMap, KEY, 5, one.record);
  assert.deepEqual(dataOf(heard), ["5", "1"]);
  assert.equal(parsed.written(ConfigMap, KEY, one.record, 5), heard);
  parsed.coming(ConfigMap, KEY, two);
  assert.equal(parsed.last(ConfigMap, KEY), heard);
  assert.equal(parsed.get(ConfigMap, KEY, 5, one.record), heard, "what stood before can be asked for meanwhile");
  assert.deepEqual(dataOf(parsed.written(ConfigMap, KEY, two.record, 6)), ["6", "2"]);
  assert.deepEqual(dataOf(parsed.last(ConfigMap, KEY)), ["6", "2"]);
});

test("a write that fails leaves nothing behind, and takes nothing away", () => {
  const parsed = new Parsed();
  const [one, two] = [drawn("1"), drawn("2")];
  parsed.coming(ConfigMap, KEY, one);
  parsed.written(ConfigMap, KEY, one.record, undefined);
  assert.equal(parsed.get(ConfigMap, KEY, 5, one.record), undefined);
  parsed.coming(ConfigMap, KEY, one);
  const first = parsed.written(ConfigMap, KEY, one.record, 5);
  parsed.coming(ConfigMap, KEY, two);
  parsed.written(ConfigMap, KEY, two.record, undefined);
  assert.equal(parsed.last(ConfigMap, KEY), first);
  assert.equal(parsed.get(ConfigMap, KEY, 6, two.record), undefined);
});

test("what is deleted goes, but not its successor that is being written", () => {
  const parsed = new Parsed();
  const [one, two] = [drawn("1"), drawn("2")];
  parsed.coming(ConfigMap, KEY, one);
  parsed.written(ConfigMap, KEY, one.record, 5);
  parsed.coming(ConfigMap, KEY, two);
  parsed.gone(KEY, 6);
  assert.equal(parsed.last(ConfigMap, KEY), undefined);
  assert.deepEqual(dataOf(parsed.written(ConfigMap, KEY, two.record, 7)), ["7", "2"]);
  parsed.gone(KEY, 6);
  assert.deepEqual(dataOf(parsed.last(ConfigMap, KEY)), ["7", "2"]);
});

test("of so many bytes those stay that were used last", () => {
  const record = drawn("1").record.length;
  const parsed = new Parsed(2 * record);
  for (const key of ["a", "b", "a", "c"]) {
    const made = drawn("1");
    parsed.coming(ConfigMap, key, made);
    parsed.written(ConfigMap, key, made.record, 5);
  }
  assert.deepEqual(
    ["a", "b", "c"].map(key => parsed.last(ConfigMap, key) !== undefined),
    [true, false, true],
  );
});
