import assert from "node:assert/strict";
import test from "node:test";
import { manage, track } from "#apiserver/patch/managed.ts";
import { type ManagedObject, type Share, writeShares } from "#apiserver/patch/shares.ts";
import { seededChance } from "#base/chance.ts";
import { Event } from "#kinds/core/v1/event.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { zeroOf } from "#schema/decode.ts";

const writer = { manager: "tester", subresource: "", now: 0 };

test("what a creation sets is what differs from nothing, however many of its outline came before", () => {
  const chance = seededChance(1);
  const maybe = <T>(value: T): T | undefined => (chance.next() < 0.6 ? value : undefined);
  const one = <T>(...of: readonly T[]): T => of[Math.floor(chance.next() * of.length)]!;
  for (let i = 0; i < 400; i++) {
    const metadata = {
      ...{ name: "x", namespace: maybe("n"), labels: maybe({ [one("a", "b")]: "1", c: maybe("") }) },
      ...{ finalizers: maybe(one([], ["f"], ["g"])), creationTimestamp: one(undefined, null) },
    };
    const event = {
      ...{
        metadata,
        involvedObject: one({}, { kind: "Pod" }, { kind: "Pod", name: "p" }),
        reason: maybe(one("", "r")),
        count: maybe(one(0, 1)),
      },
      ...{ source: one({}, { component: "c" }), series: maybe(one(null, { count: 1 })), firstTimestamp: one(null, "2026-01-01T00:00:00Z") },
    };
    const ports = maybe([{ port: one(80, 81), protocol: "TCP", name: maybe("web") }]);
    const service = {
      metadata,
      spec: one({}, { ports, type: maybe("ClusterIP"), selector: maybe(one({}, { a: "b" })) }),
      status: { loadBalancer: {} },
    };
    for (const [kind, object] of [
      [Event, event],
      [Service, service],
    ] as const) {
      const next = object as unknown as ManagedObject;
      const plain = new Map<string, Share>();
      track(plain, kind, zeroOf(kind.schema), next, writer);
      assert.deepEqual(manage(kind, undefined, next, writer), writeShares(plain), JSON.stringify(object));
    }
  }
});
