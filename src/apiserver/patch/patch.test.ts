import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { applyPatch, JSON_PATCH, MERGE_PATCH, parsePatch, STRATEGIC_PATCH } from "#apiserver/patch/index.ts";
import { jsonPatch } from "#apiserver/patch/jsonpatch.ts";
import { mergePatch } from "#apiserver/patch/merge.ts";
import { strategicPatch } from "#apiserver/patch/strategic.ts";
import { utf8 } from "#base/bytes.ts";
import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { PodSpec } from "#kinds/core/v1/podspec.ts";
import { make } from "#schema/make.ts";

const shared = process.env.COXSWAIN_SHARED ?? join(import.meta.dirname, "../../../../shared");

test("the published tables of RFC 6902", { skip: !existsSync(join(shared, "data/json-patch")) && "tables are not here" }, () => {
  for (const file of ["tests.json", "spec_tests.json"]) {
    const cases = JSON.parse(readFileSync(join(shared, "data/json-patch", file), "utf8")) as {
      comment?: string;
      doc: unknown;
      patch: unknown;
      expected?: unknown;
      error?: string;
      disabled?: boolean;
    }[];
    for (const c of cases) {
      if (c.disabled) continue;
      const before = JSON.stringify(c.doc);
      if (c.error !== undefined) assert.throws(() => jsonPatch(c.doc, c.patch), `${c.comment}: ${c.error}`);
      else if (c.expected !== undefined) assert.deepEqual(jsonPatch(c.doc, c.patch), c.expected, c.comment ?? "");
      else jsonPatch(c.doc, c.patch);
      assert.equal(JSON.stringify(c.doc), before, "the document is left as it was");
    }
  }
});

test("merge patch", () => {
  assert.deepEqual(mergePatch({ a: { b: 1, c: 2 }, d: [1] }, { a: { b: null, e: { f: null } }, d: [2] }), { a: { c: 2, e: {} }, d: [2] });
  assert.deepEqual(Object.keys(mergePatch({}, JSON.parse('{"__proto__":{"x":1}}')) as object), ["__proto__"]);
});

const pod = {
  containers: [
    { name: "a", image: "a:1", ports: [{ containerPort: 80 }] },
    { name: "b", image: "b:1" },
  ],
  tolerations: [{ key: "x" }],
  volumes: [{ name: "v", emptyDir: {} }],
};
const patched = (patch: unknown) => strategicPatch(PodSpec.node, pod, patch) as Record<string, never>;

test("strategic merge patch: lists by their keys, directives", () => {
  assert.deepEqual(patched({ containers: [{ name: "b", image: "b:2" }] }).containers, [pod.containers[0], { name: "b", image: "b:2" }]);
  assert.deepEqual(patched({ containers: [{ name: "a", $patch: "delete" }] }).containers, [pod.containers[1]]);
  assert.deepEqual(patched({ containers: [{ name: "z" }, { $patch: "replace" }] }).containers, [{ name: "z" }]);
  assert.deepEqual(
    patched({ "$setElementOrder/containers": [{ name: "b" }, { name: "a" }], containers: [{ name: "a", image: "a:2" }] }).containers,
    [pod.containers[1], { ...pod.containers[0], image: "a:2" }],
  );
  assert.deepEqual(patched({ volumes: [{ name: "v", $retainKeys: ["name", "hostPath"], hostPath: { path: "/" } }] }).volumes, [
    { name: "v", hostPath: { path: "/" } },
  ]);
  assert.deepEqual(patched({ tolerations: [{ key: "y" }] }).tolerations, [{ key: "y" }], "no patch strategy: replaced");
  assert.deepEqual(patched({ nodeSelector: { a: null, b: "c" } }).nodeSelector, { b: "c" });
  assert.throws(() => patched({ containers: [{ image: "x" }] }), {
    message: "map: map[image:x] does not contain declared merge key: name",
  });
  assert.throws(() => patched({ $patch: "what" }), { message: "unknown patch type: what in map: map[$patch:what]" });
});

test("patches as the apiserver calls them", () => {
  const live = make(Deployment, {
    metadata: { name: "x", labels: { a: "1" } },
    spec: { replicas: 1, selector: { matchLabels: { a: "1" } }, template: { spec: { containers: [{ name: "a", image: "i" }] } } },
  });
  const run = (type: string, patch: unknown) =>
    applyPatch(type, live, parsePatch(utf8(typeof patch === "string" ? patch : JSON.stringify(patch))), Deployment);
  assert.equal(run(MERGE_PATCH, { spec: { replicas: 0 } }).value.spec.replicas, 0);
  assert.equal(
    run(JSON_PATCH, [{ op: "add", path: "/metadata/labels/test.example.com", value: "x" }]).value.metadata.labels?.["test.example.com"],
    "x",
  );
  const wrongCase = run(STRATEGIC_PATCH, { spec: { template: { spec: { TerminationGracePeriodSeconds: 1 } } } });
  assert.deepEqual(wrongCase.value, live);
  assert.deepEqual(wrongCase.strict, ['unknown field "spec.template.spec.TerminationGracePeriodSeconds"']);
  assert.deepEqual(run(MERGE_PATCH, '{"spec":{"replicas":1,"replicas":2}}').strict, ['duplicate field "spec.replicas"']);
  assert.throws(() => run(JSON_PATCH, [{ op: "remove", path: "/nothing" }]), { code: 422, reason: "Invalid" });
  assert.throws(() => run(MERGE_PATCH, { spec: { replicas: "x" } }), {
    code: 422,
    message:
      ' "" is invalid: patch: Invalid value: "{\\"spec\\":{\\"replicas\\":\\"x\\"}}": json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  });
  assert.throws(() => run("text/plain", {}), { code: 415 });
  assert.throws(() => run(STRATEGIC_PATCH, { spec: { strategy: { $retainKeys: "type" } } }), {
    code: 400,
    message: "invalid patch format of retainKeys",
  });
  assert.throws(() => run(STRATEGIC_PATCH, { spec: { template: { spec: { containers: [{ image: "x" }] } } } }), {
    code: 500,
    message: "map: map[image:x] does not contain declared merge key: name",
  });
  assert.throws(() => run(JSON_PATCH, new Array(10_001).fill({ op: "test", path: "", value: 1 })), {
    code: 413,
    message: "The allowed maximum operations in a JSON patch is 10000, got 10001",
  });
});

test("strategic merge patch: a patch that has every item, and one that has them in another order", () => {
  const both = [
    { name: "a", image: "a:2" },
    { name: "b", image: "b:2" },
  ];
  assert.deepEqual(patched({ containers: both }).containers, [{ ...pod.containers[0], image: "a:2" }, both[1]]);
  assert.deepEqual(patched({ containers: both.toReversed() }).containers, [both[1], { ...pod.containers[0], image: "a:2" }]);
  assert.deepEqual(patched({ containers: [...both, { name: "c" }] }).containers, [
    { ...pod.containers[0], image: "a:2" },
    both[1],
    { name: "c" },
  ]);
});
