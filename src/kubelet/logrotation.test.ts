import assert from "node:assert/strict";
import { test } from "node:test";
import type { Soon } from "#base/soon.ts";
import { ROTATION, rotateLogs } from "#kubelet/logrotation.ts";
import type { LogFiles } from "#kubelet/ports.ts";
import type { ContainerState, PodState, Runtime } from "#kubelet/runtime.ts";
import { virtualClock } from "#sim/clock.ts";

/** Rotates once the logs of one pod; resolves with what was done. */
async function rotated(
  containers: readonly Partial<ContainerState>[],
  size: (path: string) => Soon<number | undefined>,
  there: string[] = [],
) {
  const did: string[] = [];
  const logFiles = {
    size,
    list: async () => there,
    rename: async (from: string, to: string) => {
      did.push(`rename ${from}`);
      there.push(to.slice(to.lastIndexOf("/") + 1));
    },
    compress: async (path: string) => void did.push(`compress ${path}`),
    remove: async (path: string) => void did.push(`remove ${path}`),
  } as unknown as LogFiles;
  const runtime = { reopenLog: async (id: string) => void did.push(`reopen ${id}`) } as unknown as Runtime;
  const state = { containers } as unknown as PodState;
  const result = rotateLogs([{ state }, { state: undefined }], { logFiles, runtime, clock: virtualClock() });
  const waited = result instanceof Promise;
  await result;
  return { did, waited };
}
const log = (id: string, more: Partial<ContainerState> = {}) => ({ id, state: "running" as const, logPath: `/l/${id}.log`, ...more });

test("a full log is set aside and written anew; those that are small, or not written any more, are left alone", async () => {
  const sizes: Readonly<Record<string, number>> = { "/l/a.log": ROTATION.size, "/l/b.log": ROTATION.size - 1, "/l/c.log": ROTATION.size };
  const containers = [log("a"), log("b"), log("c", { state: "exited" }), log("d")];
  const expected = ["rename /l/a.log", "reopen a"];
  assert.deepEqual(await rotated(containers, path => sizes[path]), { did: expected, waited: true });
  assert.deepEqual(await rotated(containers, async path => sizes[path]), { did: expected, waited: true });
  // where the sizes are known at once, nothing is waited for in vain
  assert.deepEqual(await rotated([log("b"), log("d")], path => sizes[path]), { did: [], waited: false });
});

test("of a container's files five stay, and but for the newest of those set aside all are compressed", async () => {
  const there = ["a.log", "a.log.20250101-000001.gz", "a.log.20250101-000002.gz", "a.log.20250101-000003.gz", "a.log.20250101-000004"];
  const { did } = await rotated([log("a")], () => ROTATION.size, there);
  assert.deepEqual(did, ["rename /l/a.log", "reopen a", "compress /l/a.log.20250101-000004", "remove /l/a.log.20250101-000001.gz"]);
});

test("a size that cannot be told fails the look, and leaves no promise unheard", async () => {
  await assert.rejects(
    rotated([log("a"), log("b")], () => Promise.reject(new Error("no"))),
    /no/,
  );
});
