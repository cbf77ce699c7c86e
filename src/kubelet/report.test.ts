import assert from "node:assert/strict";
import test from "node:test";
import { withNulls } from "#kubelet/report.ts";

test("a condition that turned true takes its old reason and message away", () => {
  assert.deepEqual(withNulls({ type: "Ready", status: "True" }), { type: "Ready", status: "True", reason: null, message: null });
  const failed = { type: "Ready", status: "False", reason: "ContainersNotReady", message: "containers with unready status: [web]" };
  assert.deepEqual(withNulls(failed), failed);
});
