import assert from "node:assert/strict";
import test from "node:test";
import { silentLog } from "#base/log.ts";
import type { Client } from "#client/client.ts";
import { StatusWriter, withNulls } from "#kubelet/report.ts";
import { virtualClock } from "#sim/clock.ts";

test("a condition that turned true takes its old reason and message away", () => {
  assert.deepEqual(withNulls({ type: "Ready", status: "True" }), { type: "Ready", status: "True", reason: null, message: null });
  const failed = { type: "Ready", status: "False", reason: "ContainersNotReady", message: "containers with unready status: [web]" };
  assert.deepEqual(withNulls(failed), failed);
});

test("a status that is shown just when the one before is written is written, too", async () => {
  for (let breath = 0; breath < 10; breath++) {
    const phases: unknown[] = [];
    const writer = new StatusWriter(
      {
        client: {
          async patch(_kind: unknown, _name: string, _type: string, patch: { status: { phase: string } }) {
            phases.push(patch.status.phase);
            if (phases.length === 1) void later(breath, () => writer.show({ phase: "Running" }));
            return { metadata: {} };
          },
        } as unknown as Client,
        clock: virtualClock(),
        log: silentLog,
      },
      { metadata: { name: "p" }, spec: { containers: [] }, status: {} } as never,
    );
    writer.show({ phase: "Pending" });
    await new Promise(resolve => setImmediate(resolve));
    assert.deepEqual(phases, ["Pending", "Running"], `${breath} breaths later`);
  }
});
async function later(breaths: number, run: () => void): Promise<void> {
  for (let i = 0; i < breaths; i++) await undefined;
  run();
}
