/** A writer and a watch at each of several control planes while faults befall what is below them. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, WatchEvent } from "#client/client.ts";
import { createClient } from "#client/http.ts";
import { hostClock } from "#host/clock.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import type { Plane } from "./planes.ts";

export interface PlaneWitness {
  /** Milliseconds from now until each plane has acknowledged a write that began after now. */
  answered(): Promise<readonly number[]>;
  /** Ends the writers; asserts that nothing acknowledged was lost, and that each watch saw the same events once, in order. */
  finish(): Promise<{ acknowledged: number; doubtful: number; events: number; rewatched: number; longestWait: number }>;
}
interface Seen {
  readonly version: number;
  readonly name: string;
  readonly n: number;
}
const LABELS = { witness: "yes" };
const PAUSE_MS = 20;

export async function planeWitness(planes: readonly Plane[]): Promise<PlaneWitness> {
  const transports = await Promise.all(planes.map(p => p.transport()));
  const clients = transports.map(transport =>
    createClient(request => transport.handle(request), { userAgent: "witness", clock: hostClock }),
  );
  const began = await clients[0]!.list(ConfigMap, { namespace: "default" });
  const acknowledged = new Map<number, Seen>();
  /** By plane: when the last acknowledged write began. */
  const lastBegan = planes.map(() => Number.NEGATIVE_INFINITY);
  let [going, doubtful, rewatched, longestWait] = [true, 0, 0, 0];

  const write = async (client: Client, index: number) => {
    const name = `witness-${planes[index]!.name}`;
    const asked = async (n: number, was: ConfigMap | undefined) => {
      const data = { n: String(n) };
      return was
        ? client.update(ConfigMap, { ...was, data })
        : client.create(ConfigMap, { metadata: { name, namespace: "default", labels: LABELS }, data });
    };
    let stands: ConfigMap | undefined;
    for (let n = 1; going; n++) {
      const from = performance.now();
      try {
        stands = await asked(n, stands);
        const version = Number(stands.metadata.resourceVersion);
        assert.ok(!acknowledged.has(version), `version ${version} was given twice`);
        acknowledged.set(version, { version, name, n });
        lastBegan[index] = from;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        doubtful++;
        stands = await untilAnswered(async () => {
          const { items } = await client.list(ConfigMap, { namespace: "default", fieldSelector: `metadata.name=${name}` });
          return items[0];
        });
      }
      longestWait = Math.max(longestWait, performance.now() - from);
      await sleep(PAUSE_MS);
    }
  };
  const stop = new AbortController();
  const watch = async (client: Client, seen: Seen[]) => {
    let resourceVersion = began.metadata.resourceVersion!;
    for (; !stop.signal.aborted; rewatched++) {
      try {
        const options = { namespace: "default", labelSelector: "witness=yes", resourceVersion, signal: stop.signal };
        for await (const event of client.watch(ConfigMap, options)) resourceVersion = take(event, seen) ?? resourceVersion;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
      }
      if (!stop.signal.aborted) await sleep(PAUSE_MS);
    }
  };
  const sights = planes.map((): Seen[] => []);
  const watching = Promise.all(clients.map((c, i) => watch(c, sights[i]!)));
  const writing = Promise.all(clients.map(write));
  // a failure is thrown where it is awaited
  for (const work of [watching, writing]) work.catch(() => undefined);
  return {
    answered() {
      const from = performance.now();
      const one = async (index: number) => {
        while (lastBegan[index]! < from) await Promise.race([sleep(5), writing]);
        return Math.round(performance.now() - from);
      };
      return Promise.all(planes.map((_, i) => one(i)));
    },
    async finish() {
      going = false;
      await writing;
      const { items } = await clients[0]!.list(ConfigMap, { namespace: "default", labelSelector: "witness=yes" });
      const last = Math.max(...items.map(i => Number(i.metadata.resourceVersion)));
      const deadline = performance.now() + 60_000;
      while (sights.some(s => (s.at(-1)?.version ?? 0) < last) && performance.now() < deadline) await Promise.race([sleep(20), watching]);
      stop.abort();
      await watching;
      for (const transport of transports) transport.close();
      const [first, ...others] = sights as [Seen[], ...Seen[][]];
      for (const other of others) assert.deepEqual(other, first, "all watches saw the same");
      const seen = new Map(first.map(s => [s.version, s]));
      for (const write of acknowledged.values()) assert.deepEqual(seen.get(write.version), write, "the watches saw what was acknowledged");
      const unacknowledged = first.filter(s => !acknowledged.has(s.version)).length;
      assert.ok(unacknowledged <= doubtful, `${unacknowledged} events of ${doubtful} writes that failed`);
      for (const item of items) {
        const told = Math.max(0, ...[...acknowledged.values()].filter(w => w.name === item.metadata.name).map(w => w.n));
        assert.ok(Number(item.data?.n) >= told, `${item.metadata.name} holds what was acknowledged`);
      }
      return {
        acknowledged: acknowledged.size,
        doubtful,
        events: first.length,
        rewatched: rewatched - planes.length,
        longestWait: Math.round(longestWait),
      };
    },
  };
}
/** Its version; asserts that it comes after all that were seen. */
function take(event: WatchEvent<ConfigMap>, seen: Seen[]): string | undefined {
  assert.ok(event.type !== "ERROR", "the past of the watch was lost");
  const { name = "", resourceVersion = "" } = event.object.metadata;
  if (event.type === "BOOKMARK") return resourceVersion;
  const version = Number(resourceVersion);
  const before = seen.at(-1)?.version ?? 0;
  assert.ok(version > before, `version ${version} came after ${before}`);
  seen.push({ version, name, n: Number(event.object.data?.n) });
  return resourceVersion;
}
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 50) throw error;
      await sleep(PAUSE_MS * 5);
    }
  }
}
