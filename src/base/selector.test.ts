import assert from "node:assert/strict";
import test from "node:test";
import { parseFieldSelector } from "#base/fieldselector.ts";
import { parseSelector, selectorOf } from "#base/selector.ts";

test("label selectors in text", () => {
  const s = parseSelector("tier in (front,back), app==web,!canary,env!=dev,x notin (),gpu");
  assert.equal(s.toString(), "app==web,!canary,env!=dev,gpu,tier in (back,front),x notin ()");
  assert.ok(s.matches({ tier: "back", app: "web", gpu: "", x: "1" }));
  assert.ok(!s.matches({ tier: "back", app: "web", gpu: "", canary: "" }));
  assert.ok(parseSelector("").empty);
  assert.ok(parseSelector("n>3").matches({ n: "4" }));
  assert.ok(!parseSelector("n<3").matches({ n: "x" }));
  assert.ok(parseSelector("a=").matches({ a: "" }));
  assert.equal(parseSelector("in=notin").exact("in"), "notin");
  assert.ok(!parseSelector("constructor").matches({}));
});

test("what upstream says about bad ones", () => {
  const says: Record<string, string> = {
    "a=b,": "found '', expected: identifier after ','",
    "a in b": "unable to parse requirement: found 'b' expected: '('",
    "a b": "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
    "=a": "found '=', expected: !, identifier, or 'end of string'",
    "a=b c": "found 'c', expected: ',' or 'end of string'",
    "-a": "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    "a=-":
      "unable to parse requirement: values[0][a]: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
  };
  for (const [text, message] of Object.entries(says)) assert.throws(() => parseSelector(text), { message }, text);
});

test("label selector objects", () => {
  assert.ok(!selectorOf(undefined).matches({}));
  assert.ok(selectorOf({}).matches({ a: "b" }));
  const s = selectorOf({ matchLabels: { app: "web" }, matchExpressions: [{ key: "tier", operator: "NotIn", values: ["x"] }] });
  assert.equal(s.toString(), "app=web,tier notin (x)");
  assert.throws(() => selectorOf({ matchExpressions: [{ key: "a", operator: "Near" }] }), {
    message: '"Near" is not a valid label selector operator',
  });
});

test("field selectors", () => {
  const s = parseFieldSelector("status.phase!=Running,metadata.name==a\\,b");
  assert.equal(s.toString(), "metadata.name=a\\,b,status.phase!=Running");
  assert.ok(s.matches(f => (f === "metadata.name" ? "a,b" : "Pending")));
  assert.equal(s.exact("metadata.name"), "a,b");
  assert.throws(() => parseFieldSelector("abc"), { message: "invalid selector: 'abc'; can't understand 'abc'" });
  assert.throws(() => parseFieldSelector("a=b\\c"), { message: "invalid field selector: invalid escape sequence: \\c" });
});
