import assert from "node:assert/strict";
import { test } from "node:test";
import { text, utf8 } from "#base/bytes.ts";
import { stringifyJson } from "#base/json.ts";
import { JsonBytes } from "#base/jsonbytes.ts";
import { limits } from "#base/limits.ts";
import { freeze } from "#base/plain.ts";

const out = new JsonBytes();
function written(fields: Readonly<Record<string, unknown>>, depth: number, keeps = false): string {
  out.begin(utf8("{"), keeps);
  for (const name in fields) out.field(name, fields[name], depth);
  out.close();
  return text(out.end());
}
const long = "x".repeat(300);
const fields = {
  empty: {},
  texts: ["", "a", 'a"b', "a\\b", "\n\u0000\u007f", "é", "水", "😀", "\ud800", long, `${long}é"`],
  numbers: [0, -0, 1.5, 1e21, -7, Number.NaN],
  others: [true, false, null, undefined],
  none: undefined,
  nothing: null,
  bigs: { n: 9223372036854775807n, in: [1n] },
  deep: { a: { b: [{ c: { d: 1, e: undefined } }] } },
  'k:{"name":"a"}': { é: 1 },
  last: "z",
};

test("JSON in bytes is what the engine writes, frozen or not, looked into or not, again and again", () => {
  const wanted = stringifyJson(fields);
  for (const value of [fields, freeze(structuredClone(fields)), { ...fields, deep: freeze(structuredClone(fields.deep)) }])
    for (const depth of [0, 1, 2, 3, 9])
      for (const keeps of [false, true, false]) assert.equal(written(value, depth, keeps), wanted, `${depth} levels`);
  assert.equal(written({}, 1), "{}");
});

test("a document gets as much room as it needs, and bytes of its own", () => {
  const small = written({ a: 1 }, 0);
  const many = Array.from({ length: 2 * limits.jsonRoom }, (_, i) => `水${i}`);
  for (const depth of [0, 1]) assert.equal(written({ many, after: "x" }, depth), stringifyJson({ many, after: "x" }));
  out.begin(utf8("{"), false);
  out.field("a", 1, 0);
  out.close();
  const first = out.end();
  assert.equal(text(first), small);
  assert.equal(written({ b: 2 }, 0), '{"b":2}');
  assert.equal(text(first), small);
});
