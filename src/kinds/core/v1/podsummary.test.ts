import assert from "node:assert/strict";
import test from "node:test";
import type { PodShape } from "#kinds/core/v1/podshape.ts";
import { restartsText, summarize } from "#kinds/core/v1/podsummary.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const base = { image: "i", imageID: "", restartCount: 0, lastState: {} };
const running = { ...base, name: "a", ready: true, state: { running: {} } };
const waiting = (reason: string) => ({ ...base, name: "a", ready: false, state: { waiting: { reason } } });
const ended = (exitCode: number, reason?: string, signal?: number) => ({
  ...base,
  name: "a",
  ready: false,
  state: { terminated: { exitCode, reason, signal } },
});
function pod(status: object, more: { init?: object[]; containers?: number; metadata?: object } = {}): PodShape {
  const containers = Array.from({ length: more.containers ?? 1 }, (_, i) => ({ name: `c${i}` }));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", ...more.metadata },
    spec: { containers, initContainers: more.init ?? [] },
    status: { phase: "Pending", ...status },
  } as unknown as PodShape;
}
const shown = (p: PodShape) => {
  const s = summarize(p);
  return [`${s.ready}/${s.total}`, s.status, restartsText(s, NOW)];
};

test("plain states", () => {
  assert.deepEqual(shown(pod({})), ["0/1", "Pending", "0"]);
  assert.deepEqual(shown(pod({ phase: "Running", containerStatuses: [running] })), ["1/1", "Running", "0"]);
  assert.deepEqual(shown(pod({ containerStatuses: [waiting("ContainerCreating")] })), ["0/1", "ContainerCreating", "0"]);
  assert.deepEqual(shown(pod({ phase: "Running", containerStatuses: [waiting("CrashLoopBackOff")] })), ["0/1", "CrashLoopBackOff", "0"]);
  assert.deepEqual(shown(pod({ phase: "Failed", containerStatuses: [ended(137, "OOMKilled")] })), ["0/1", "OOMKilled", "0"]);
  assert.deepEqual(shown(pod({ phase: "Failed", containerStatuses: [ended(3)] })), ["0/1", "ExitCode:3", "0"]);
  assert.deepEqual(shown(pod({ phase: "Failed", containerStatuses: [ended(0, undefined, 9)] })), ["0/1", "Signal:9", "0"]);
  assert.deepEqual(shown(pod({ phase: "Failed", reason: "Evicted" })), ["0/1", "Evicted", "0"]);
});

test("one container has completed while another runs", () => {
  const containerStatuses = [ended(0, "Completed"), running];
  assert.equal(shown(pod({ phase: "Running", containerStatuses }, { containers: 2 }))[1], "NotReady");
  const conditions = [{ type: "Ready", status: "True" }];
  assert.equal(shown(pod({ phase: "Running", containerStatuses, conditions }, { containers: 2 }))[1], "Running");
});

test("init containers", () => {
  const init = [{ name: "a" }, { name: "b" }];
  assert.equal(shown(pod({ initContainerStatuses: [running] }, { init }))[1], "Init:0/2");
  assert.equal(shown(pod({ initContainerStatuses: [ended(0), { ...waiting("PodInitializing"), name: "b" }] }, { init }))[1], "Init:1/2");
  assert.equal(shown(pod({ initContainerStatuses: [ended(1, "Error")] }, { init }))[1], "Init:Error");
  assert.equal(shown(pod({ initContainerStatuses: [ended(1)] }, { init }))[1], "Init:ExitCode:1");
  assert.equal(shown(pod({ initContainerStatuses: [waiting("CrashLoopBackOff")] }, { init }))[1], "Init:CrashLoopBackOff");
});

test("a sidecar counts as a container", () => {
  const init = [{ name: "a", restartPolicy: "Always" }];
  const initContainerStatuses = [{ ...running, started: true, restartCount: 2 }];
  const status = { phase: "Running", initContainerStatuses, containerStatuses: [running] };
  assert.deepEqual(shown(pod(status, { init })), ["2/2", "Running", "2"]);
});

test("restarts say when the last one was", () => {
  const lastState = { terminated: { exitCode: 1, finishedAt: "2026-03-01T11:58:00Z" } };
  const containerStatuses = [{ ...running, restartCount: 3, lastState }];
  assert.equal(shown(pod({ phase: "Running", containerStatuses }))[2], "3 (2m ago)");
});

test("deletion and gates", () => {
  const metadata = { deletionTimestamp: "2026-03-01T12:00:30Z" };
  assert.equal(shown(pod({ phase: "Running", containerStatuses: [running] }, { metadata }))[1], "Terminating");
  assert.equal(shown(pod({ phase: "Running", reason: "NodeLost" }, { metadata }))[1], "Unknown");
  assert.equal(shown(pod({ phase: "Succeeded", containerStatuses: [ended(0, "Completed")] }, { metadata }))[1], "Completed");
  const conditions = [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }];
  assert.equal(shown(pod({ conditions }))[1], "SchedulingGated");
});
