import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { parseYaml } from "#base/yaml.ts";
import { toYaml } from "#base/yamlwriter.ts";

const one = (text: string) => parseYaml(text)[0]!.value;
const shared = process.env.COXSWAIN_SHARED ?? join(import.meta.dirname, "../../../shared");
const fixtures = join(shared, "data/k8s-api-roundtrip/testdata/v1.36.0");

test("plain scalars mean what Kubernetes takes them for", () => {
  const text = `
a: yes
b: Off
c: 12:30
d: 2001-01-01
e: 0777
f: 0x1F
g: 1_000
h: 9223372036854775807
i: 1e3
j: ~
k:
l: "yes"
m: !!str 12
num: 08
o: .5
p: 1.5.2
q: -
8080: on
true: x
`;
  assert.deepEqual(one(text.replace("q: -\n", "q: -1\n")), {
    "8080": true,
    a: true,
    b: false,
    c: "12:30",
    d: "2001-01-01",
    e: 511,
    f: 31,
    g: 1000,
    h: 9223372036854775807n,
    i: 1000,
    j: null,
    k: null,
    l: "yes",
    m: "12",
    num: 8,
    o: 0.5,
    p: "1.5.2",
    q: -1,
    true: "x",
  });
});

test("documents, anchors, merges", () => {
  assert.deepEqual(
    parseYaml("a: 1\n---\n---\nb: 2\n").map(d => d.value),
    [{ a: 1 }, null, { b: 2 }],
  );
  assert.deepEqual(one("x: &x {a: 1, b: 2}\nw:\n  <<: *x\n  b: 3\nz: *x\n"), { x: { a: 1, b: 2 }, w: { b: 3, a: 1 }, z: { a: 1, b: 2 } });
  const bomb = `a: &a [${"x,".repeat(99)}x]\n${"bcdefg"
    .split("")
    .map((c, i) => `${c}: &${c} [${`*${"abcdef"[i]},`.repeat(99)}1]\n`)
    .join("")}`;
  assert.throws(() => parseYaml(bomb), { message: "yaml: document contains excessive aliasing" });
});

test("repeated keys and errors name their line", () => {
  const [doc] = parseYaml("a:\n  foo: 1\n  bar: 2\n  foo: 3\n");
  assert.deepEqual(doc!.problems, ['line 4: key "foo" already set in map']);
  assert.deepEqual(doc!.value, { a: { foo: 3, bar: 2 } });
  assert.throws(() => parseYaml("a: 1\nb: c: d\n"), /^YamlError: yaml: line 2: |^Error: yaml: line 2: /);
});

test("what kubectl prints", () => {
  const value = {
    kind: "List",
    empty: {},
    none: [],
    items: [{ b: 1, a: [["x"], "y"] }, "true", "1", "plain text", "", "a: b", "# no", "it's", "- x"],
    text: "line one\nline two\n",
    cut: "no end\nhere",
    x10: 1,
    x9: null,
    long: `${"word ".repeat(30)}end`,
    "8080": "12:30",
    tab: "a\tb",
    float: 1.5,
    time: "2020-01-01T00:00:00Z",
  };
  const text = toYaml(value);
  assert.equal(
    text,
    `"8080": "12:30"
cut: |-
  no end
  here
empty: {}
float: 1.5
items:
- a:
  - - x
  - "y"
  b: 1
- "true"
- "1"
- plain text
- ""
- 'a: b'
- '# no'
- it's
- '- x'
kind: List
long: word word word word word word word word word word word word word word word word
  word word word word word word word word word word word word word word end
none: []
tab: "a\\tb"
text: |
  line one
  line two
time: "2020-01-01T00:00:00Z"
x9: null
x10: 1
`,
  );
  assert.deepEqual(one(text), value);
});

test("upstream's own YAML files are read and written back the same", { skip: !existsSync(fixtures) && "fixtures are not here" }, () => {
  let same = 0;
  for (const file of readdirSync(fixtures).filter(f => f.endsWith(".yaml"))) {
    const text = readFileSync(join(fixtures, file), "utf8");
    const value = one(text);
    assert.equal(toYaml(value), text, file);
    const json = file.replace(/\.yaml$/, ".json");
    if (!existsSync(join(fixtures, json))) continue;
    assert.deepEqual(value, JSON.parse(readFileSync(join(fixtures, json), "utf8")), file);
    same++;
  }
  assert.ok(same > 100);
});
