import assert from "node:assert/strict";
import { test } from "node:test";
import { template } from "#stages/template.ts";
import { PURE_FUNCTIONS, TemplateError } from "#stages/values.ts";

const read = (source: string) => template(source, name => Object.hasOwn(PURE_FUNCTIONS, name));
const dot = { name: "a", n: 3, empty: [], list: ["x", "y"], map: { b: 2, a: 1 }, deep: { er: { value: true } } };
const prints: readonly (readonly [string, string])[] = [
  ["plain", "plain"],
  ["{{ .name }}-{{.n}}", "a-3"],
  ["{{ .missing }} {{ .missing.more }}", "<no value> <no value>"],
  ["a {{- /* nothing */ -}} b", "ab"],
  ["a  {{- .name -}}  b", "aab"],
  ["{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ $x }}{{ end }}{{ $x }}", "32"],
  ["{{ if .empty }}a{{ else if .name }}b{{ else }}c{{ end }}", "b"],
  ["{{ range .list }}[{{ . }}{{ $.n }}]{{ end }}", "[x3][y3]"],
  ["{{ range $i, $e := .list }}{{ $i }}{{ $e }}{{ end }}", "0x1y"],
  ["{{ range $e := .list }}{{ $e }}{{ break }}{{ end }}", "x"],
  ["{{ range .list }}{{ if eq . `x` }}{{ continue }}{{ end }}{{ . }}{{ end }}", "y"],
  ["{{ range $k, $v := .map }}{{ $k }}{{ $v }}{{ end }}", "a1b2"],
  ["{{ range .empty }}a{{ else }}none{{ end }}", "none"],
  ["{{ range 3 }}{{ . }}{{ end }}", "012"],
  ["{{ with .deep.er }}{{ .value }}{{ end }}{{ with .missing }}a{{ else }}b{{ end }}", "trueb"],
  ["{{ with .missing }}a{{ else with .name }}{{ . }}{{ end }}", "a"],
  ['{{ or .missing "b" }}{{ and .name .n }}{{ not .name }}', "b3false"],
  ['{{ eq .name "b" "a" }} {{ eq .missing "a" }} {{ lt .n 4 }}', "true false true"],
  ['{{ index .list 1 }}{{ index .map "b" }}', "y2"],
  ['{{ .name | Quote }} {{ .n | Quote }} {{ .missing | Quote }} {{ printf "%s is %d%%" .name .n }}', '"a" "3" "null" a is 3%'],
  ["{{ .map }} {{ .list }}", "map[a:1 b:2] [x y]"],
  ['{{ (dict "k" .list).k }} {{ default "d" .empty }} {{ add 1 2 3 }} {{ list 1 2 | len }}', "[x y] d 6 2"],
  ["m:\n{{ YAML .map 1 }}", "m:\n\n  a: 1\n  b: 2\n  "],
];
for (const [source, text] of prints) test(`the template ${source}`, () => assert.equal(read(source)(dot, PURE_FUNCTIONS), text));

const refused: readonly (readonly [string, RegExp])[] = [
  ["a\n{{ nope 1 }}", /^line 2: the function nope is not known here$/],
  ["{{ if .a }}", /an \{\{end\}\} is missing$/],
  ["{{ end }}", /unexpected \{\{end\}\}$/],
  ["{{ $x }}", /undefined variable "\$x"$/],
  ['{{ template "a" }}', /\{\{template\}\} is not understood here$/],
  ["{{ break }}", /\{\{break\}\} outside of \{\{range\}\}$/],
  ["{{ .a ", /an action has no end$/],
  ["{{ .a | .b }}", /a pipeline goes on with a function/],
  ["{{ (len .a }}", /a \) is missing$/],
  ["{{ ~ }}", /unexpected ~$/],
];
for (const [source, says] of refused)
  test(`the template ${JSON.stringify(source)} is refused`, () =>
    assert.throws(
      () => read(source),
      (error: Error) => error instanceof TemplateError && says.test(error.message),
    ));

const failing: readonly (readonly [string, RegExp])[] = [
  ["\n{{ .a }}\n{{ index .list 9 }}", /^line 2: index: index out of range: 9$/],
  ["{{ .name.more }}", /^line 1: "a" has no field more$/],
  ['{{ eq .n "a" }}', /of kinds that cannot be compared$/],
  ["{{ range .name }}{{ end }}", /^range cannot go through "a"$/],
];
for (const [source, says] of failing)
  test(`the template ${JSON.stringify(source)} fails`, () => assert.throws(() => read(source)(dot, PURE_FUNCTIONS), { message: says }));
