import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "#kinds/kind.ts";
import { nextSteps } from "#stages/decide.ts";
import { stageSet } from "#stages/set.ts";
import { world } from "#stages/testing.ts";

const stage = (name: string, spec: object) => ({
  apiVersion: "kwok.x-k8s.io/v1alpha1",
  kind: "Stage",
  metadata: { name },
  spec: { resourceRef: { kind: "ConfigMap" }, selector: {}, ...spec },
});
const from = (...stages: object[]) => stageSet([{ name: "a.yaml", stages }]).filter(s => s.kind.kind === "ConfigMap");
const object = (metadata: object = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "c", namespace: "n", ...metadata },
});
const steps = (stages: object[], about: KubeObject, lots: [number, number] = [0, 0], now = 0) =>
  nextSteps(from(...stages), { object: about, at: 0, lots }, now, world);
/** The one that is drawn, by what it tells. */
const drawn = (stages: object[], about: KubeObject, lot: number) =>
  steps(stages, about, [lot, 0]).flatMap(s => (s.do === "event" ? [s.reason] : []))[0];
const telling = (name: string, spec: object = {}) =>
  stage(name, { next: { event: { type: "Normal", reason: name, message: "" } }, ...spec });

test("of several stages one is drawn by weight; those of weight 0 have no part beside others", () => {
  const [a, b, c] = [telling("a", { weight: 1 }), telling("b", { weight: 3 }), telling("c")];
  assert.deepEqual(
    [0, 0.2, 0.3, 0.99].map(lot => drawn([a, b, c], object(), lot)),
    ["a", "a", "b", "b"],
  );
  assert.deepEqual(
    [0, 0.6].map(lot => drawn([telling("x"), telling("y")], object(), lot)),
    ["x", "y"],
  );
  const own = telling("own", { weightFrom: { expressionFrom: ".metadata.annotations.weight" } });
  assert.equal(drawn([a, own], object({ annotations: { weight: "9" } }), 0.2), "own");
  assert.equal(drawn([a, own], object(), 0.9), "a");
});

test("a delay lies between its two ends, and its jitter alone counts where it is the smaller", () => {
  const delayed = (delay: object, lot: number, about = object()) =>
    steps([telling("a", { delay })], about, [0, lot]).map(s => (s.do === "wake" ? s.at : "now"));
  assert.deepEqual(delayed({ durationMilliseconds: 100 }, 0.5), [100]);
  assert.deepEqual(delayed({ durationMilliseconds: 100, jitterDurationMilliseconds: 300 }, 0.5), [200]);
  assert.deepEqual(delayed({ durationMilliseconds: 100, jitterDurationMilliseconds: 50 }, 0.5), [50]);
  const until = { durationFrom: { expressionFrom: ".metadata.creationTimestamp" } };
  assert.deepEqual(delayed(until, 0, object({ creationTimestamp: "1970-01-01T00:00:07Z" })), [7000]);
  assert.deepEqual(
    delayed({ durationFrom: { jq: { expression: ".metadata.annotations.d" } } }, 0, object({ annotations: { d: "1m" } })),
    [60_000],
  );
  assert.deepEqual(steps([telling("a", { delay: { durationMilliseconds: 100 } })], object(), [0, 0], 100).length, 1, "it is due");
});

test("finalizers are added, removed and emptied", () => {
  const patches = (finalizers: object, has: string[]) =>
    steps([stage("a", { next: { finalizers } })], object({ finalizers: has })).map(s => s.do === "patch" && s.patch);
  const add = { add: [{ value: "x" }, { value: "y" }] };
  assert.deepEqual(patches(add, []), [[{ op: "add", path: "/metadata/finalizers", value: ["x", "y"] }]]);
  assert.deepEqual(patches(add, ["x"]), [[{ op: "add", path: "/metadata/finalizers/-", value: "y" }]]);
  assert.deepEqual(patches({ remove: [{ value: "x" }, { value: "z" }] }, ["x", "y", "z"]), [
    [
      { op: "remove", path: "/metadata/finalizers/2" },
      { op: "remove", path: "/metadata/finalizers/0" },
    ],
  ]);
  assert.deepEqual(patches({ remove: [{ value: "x" }] }, ["x"]), [[{ op: "remove", path: "/metadata/finalizers" }]]);
  assert.deepEqual(patches({ empty: true }, []), []);
});

test("patches of all types, at a root and a subresource; nothing follows a deletion", () => {
  const template = "a: {{ .metadata.name }}";
  const made = steps(
    [
      stage("a", {
        steps: [
          { patch: { root: "data", template } },
          { patch: { type: "strategic", template } },
          { patch: { type: "json", root: "data", template: "[{ op: add, path: /b, value: c }]" } },
          { delete: true },
          { patch: { template } },
        ],
      }),
    ],
    object(),
  );
  assert.deepEqual(
    made.map(s => (s.do === "patch" ? [s.type, s.patch] : s.do)),
    [["merge", { data: { a: "c" } }], ["strategic", { a: "c" }], ["json", [{ op: "add", path: "/data/b", value: "c" }]], "delete"],
  );
});

test("labels and annotations select, too; a stage without a selector matches nothing", () => {
  const both = telling("a", { selector: { matchLabels: { l: "1" }, matchAnnotations: { a: "2" } } });
  assert.equal(steps([both], object({ labels: { l: "1" }, annotations: { a: "2" } })).length, 1);
  assert.equal(steps([both], object({ labels: { l: "1" } })).length, 0);
  assert.equal(steps([telling("a", { selector: undefined })], object()).length, 0);
});

const wrong: readonly (readonly [object | string, string])[] = [
  [{ kind: "Pod" }, "a.yaml: is not a Stage of kwok.x-k8s.io/v1alpha1"],
  [stage("s", { weight: -1 }), "a.yaml: stage s: spec.weight: must be a whole number from 0"],
  [
    stage("s", { wait: 1 }),
    "a.yaml: stage s: spec.wait: is not known here (known: resourceRef, selector, weight, weightFrom, delay, next, steps, immediateNextStage)",
  ],
  [stage("s", { resourceRef: { kind: "Nothing" } }), "a.yaml: stage s: spec.resourceRef.kind: no kind is called Nothing in v1"],
  [
    stage("s", { selector: { matchExpressions: [{ key: ".a", operator: "Is" }] } }),
    "a.yaml: stage s: spec.selector.matchExpressions[0].operator: must be one of In, NotIn, Exists, DoesNotExist",
  ],
  [
    stage("s", { selector: { matchExpressions: [{ cel: { expression: "true" } }] } }),
    "a.yaml: stage s: spec.selector.matchExpressions[0].cel: expressions in CEL are not understood here: say it in jq",
  ],
  [
    stage("s", { next: { statusTemplate: "a\n{{ nope }}" } }),
    "a.yaml: stage s: spec.next.statusTemplate: line 2: the function nope is not known here",
  ],
  [stage("s", { steps: [{ apply: {} }] }), "a.yaml: stage s: spec.steps[0].apply: applying other objects is not understood here"],
  ["a: [", "a.yaml: yaml: "],
];
for (const [given, says] of wrong)
  test(`refused: ${says}`, () =>
    assert.throws(
      () => stageSet([{ name: "a.yaml", stages: typeof given === "string" ? given : [given] }]),
      (error: Error) => error.message.startsWith(says),
    ));

test("kinds that no stage concerns have the built-in ones; two of a name are refused", () => {
  assert.deepEqual(
    stageSet([]).map(s => s.name),
    ["node-ready", "node-heartbeat", "pod-run", "pod-complete", "pod-delete"],
  );
  const own = stageSet([{ name: "a.yaml", stages: [stage("mine", { resourceRef: { kind: "Pod" } })] }]);
  assert.deepEqual(
    own.map(s => s.name),
    ["mine", "node-ready", "node-heartbeat"],
  );
  assert.throws(() => from(telling("a"), telling("a")), /there are two of this name/);
});
