import assert from "node:assert/strict";
import { test } from "node:test";
import { QueryError, query } from "#stages/jq.ts";

const pod = {
  metadata: { name: "a", labels: { "x.io/y": "1" }, ownerReferences: [{ kind: "ReplicaSet" }, { kind: "Job" }] },
  spec: { containers: [{ name: "c", ports: [80, 443] }] },
  status: {
    conditions: [
      { type: "Ready", status: "True" },
      { type: "Other", status: "False" },
    ],
    gone: null,
  },
};
const finds: readonly (readonly [string, readonly unknown[]])[] = [
  [".", [pod]],
  [".metadata.name", ["a"]],
  ['.metadata.labels["x.io/y"]', ["1"]],
  ['.metadata.labels."x.io/y"', ["1"]],
  [".metadata.nothing.at.all", []],
  [".status.gone", []],
  [".metadata.ownerReferences.[].kind", ["ReplicaSet", "Job"]],
  [".metadata.ownerReferences[].kind", ["ReplicaSet", "Job"]],
  [".metadata.ownerReferences[-1].kind", ["Job"]],
  ['.status.conditions.[] | select( .type == "Ready" ) | .status', ["True"]],
  ['.status.conditions[] | select(.type == "Ready" and .status != "True")', []],
  ['.status.conditions[] | select(.type == "Other" or (.status | not)) | .status', ["False"]],
  [".spec.containers[0].ports | length", [2]],
  [".spec.containers[0].ports[] | select(. >= 100)", [443]],
  [".spec.containers[0].ports[1]", [443]],
  ['.status.phase // "Pending"', ["Pending"]],
  ['.status.conditions | any(.type == "Ready")', [true]],
  ['.metadata | has("labels")', [true]],
  [".metadata.name, .spec.containers[].name", ["a", "c"]],
  // what jq calls an error finds nothing
  [".status.none.[]", []],
  [".metadata.name.first", []],
  [".metadata.name.first?", []],
];
for (const [source, found] of finds) test(`the query ${source}`, () => assert.deepEqual(query(source)(pod), found));

for (const source of [".a |", "a", ".a[1:2]", "def f: .; f", ".a as $x | $x", "{a: 1}", ".[", "map(.a)", ". + 1", ""])
  test(`the query ${JSON.stringify(source)} is refused`, () => assert.throws(() => query(source), QueryError));
