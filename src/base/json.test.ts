import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { utf8 } from "#base/bytes.ts";
import { parseJson, parseOwnJson, setKey, stringifyJson } from "#base/json.ts";

test("what any JSON value becomes", () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const text = JSON.stringify(value);
      assert.equal(stringifyJson(parseJson(text).value), text);
      assert.deepEqual(parseOwnJson(text), parseJson(text).value);
      // A repeated key at the end makes the careful reader read all of it.
      const careful = parseJson(`{"a":${text},"b":1,"b":2}`);
      assert.equal(stringifyJson(careful.value), `{"a":${text},"b":2}`);
      assert.deepEqual(careful.duplicates, ["b"]);
    }),
  );
});

test("large integers stay whole, both ways", () => {
  const text = '{"a":9223372036854775807,"b":[-9007199254740993],"c":9007199254740991,"d":1.0,"e":1e3}';
  const { value } = parseJson(utf8(text));
  assert.deepEqual(value, { a: 9223372036854775807n, b: [-9007199254740993n], c: 9007199254740991, d: 1, e: 1000 });
  assert.deepEqual(parseOwnJson(text), value);
  assert.equal(stringifyJson(value), '{"a":9223372036854775807,"b":[-9007199254740993],"c":9007199254740991,"d":1,"e":1000}');
});

test("repeated keys are named by their path, the last value counts", () => {
  const { value, duplicates, repeated } = parseJson('{"spec":{"x":1,"a":[{"n":1,"m":2,"n":3}],"x":2,"x":3}}');
  assert.deepEqual(value, { spec: { x: 3, a: [{ n: 3, m: 2 }] } });
  assert.deepEqual(duplicates, ["spec.a[0].n", "spec.x"]);
  assert.deepEqual(repeated?.get((value as { spec: object }).spec), ["x", "a", "x", "x"]);
});

test("a key named __proto__ is a key", () => {
  for (const text of ['{"__proto__":{"x":1},"b":1}', '{"__proto__":{"x":1},"b":1,"b":1}', '{"\\u005f_proto__":{"x":1},"b":1}']) {
    const value = parseJson(text).value as Record<string, unknown>;
    assert.equal(value.x, undefined);
    assert.deepEqual(Object.keys(value), ["__proto__", "b"]);
    assert.equal(stringifyJson(value), '{"__proto__":{"x":1},"b":1}');
  }
  const o = {};
  setKey(o, "__proto__", 1);
  assert.deepEqual(Object.keys(o), ["__proto__"]);
});

test("errors read as Go's", () => {
  const says: Record<string, string> = {
    "": "unexpected end of JSON input",
    '{"a"': "unexpected end of JSON input",
    x: "invalid character 'x' looking for beginning of value",
    "{a:1}": "invalid character 'a' looking for beginning of object key string",
    '{"a" 1}': "invalid character '1' after object key",
    '{"a":1 "b"}': "invalid character '\"' after object key:value pair",
    "[1 2]": "invalid character '2' after array element",
    "[1,]": "invalid character ']' looking for beginning of value",
    "{} x": "invalid character 'x' after top-level value",
    "tru ": "invalid character ' ' in literal true (expecting 'e')",
    "01": "invalid character '1' after top-level value",
    "1.x": "invalid character 'x' after decimal point in numeric literal",
    "1ex": "invalid character 'x' in exponent of numeric literal",
    "-": "unexpected end of JSON input",
    '"\\x"': "invalid character 'x' in string escape code",
    '"\\u12g4"': "invalid character 'g' in \\u hexadecimal character escape",
    '"a\nb"': "invalid character '\\n' in string literal",
  };
  for (const [text, message] of Object.entries(says)) assert.throws(() => parseJson(text), { message }, text);
  assert.throws(() => parseJson("[".repeat(200)), { message: "exceeded max depth" });
});
