import assert from "node:assert/strict";
import test from "node:test";
import { silentLog } from "#base/log.ts";
import { createRecorder } from "#client/events.ts";
import { createClient } from "#client/http.ts";
import { run, smallServer } from "#client/testing.ts";
import { Event } from "#kinds/core/v1/event.ts";
import { virtualClock } from "#sim/clock.ts";

test("two sources that tell of one object in the same millisecond are both heard", async () => {
  const clock = virtualClock();
  const client = createClient(smallServer(clock).transport, { userAgent: "test", clock });
  const about = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "default", uid: "u" } };
  const [one, two] = ["default-scheduler", "kubelet"].map(component => createRecorder({ client, clock, log: silentLog, component }));
  one!.event(about, "Normal", "Scheduled", "a");
  two!.event(about, "Normal", "Pulled", "b");
  await run(clock, 1000);
  assert.deepEqual((await client.list(Event)).items.map(e => e.reason).sort(), ["Pulled", "Scheduled"]);
});
