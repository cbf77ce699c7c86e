import assert from "node:assert/strict";
import test from "node:test";
import { resetFields } from "#apiserver/manage.ts";
import { manage, track } from "#apiserver/patch/managed.ts";
import { renewed } from "#apiserver/patch/renew.ts";
import { type ManagedEntry, type ManagedObject, readShares, type Writer, writeShares } from "#apiserver/patch/shares.ts";
import { seededChance } from "#base/chance.ts";
import { freeze } from "#base/plain.ts";
import { Lease } from "#kinds/coordination/v1/lease.ts";
import { Node } from "#kinds/core/v1/node.ts";
import type { Kind } from "#kinds/kind.ts";
import { make } from "#schema/make.ts";

const by = (manager: string, now: number, subresource = ""): Writer => {
  const reset = resetFields(Node, subresource);
  return { manager, subresource, now, ...(reset && { reset }) };
};
function stored<T extends { metadata: object }>(object: T, managedFields: ManagedEntry[] | undefined): T {
  return freeze({ ...object, metadata: { ...object.metadata, uid: "u", managedFields } });
}
/** What `manage` says when it looks closely. */
function closely(kind: Kind, live: ManagedObject, next: ManagedObject, writer: Writer): ManagedEntry[] | undefined {
  const shares = readShares(live.metadata.managedFields)!;
  track(shares, kind, live, next, writer);
  return writeShares(shares);
}

test("a lease that is renewed has a new time and the set that it had", () => {
  const lease = make(Lease, { metadata: { name: "n" }, spec: { holderIdentity: "n", renewTime: "2026-01-01T00:00:00.000000Z" } });
  const live = stored(lease, manage(Lease, undefined, lease, { manager: "kubelet", subresource: "", now: 0 }));
  const next = { ...live, spec: { ...live.spec, renewTime: "2026-01-01T00:00:10.000000Z" } };
  const writer: Writer = { manager: "kubelet", subresource: "", now: 10_000 };
  const [entry] = renewed(Lease, live, next, writer)!;
  const [was] = live.metadata.managedFields!;
  assert.deepEqual(entry, { ...was, time: "1970-01-01T00:00:10Z" });
  assert.equal(entry!.fieldsV1, was!.fieldsV1);
  assert.equal(JSON.stringify(closely(Lease, live, next, writer)), JSON.stringify([entry]));
  const others: [string, Lease, Writer][] = [
    ["another manager", next, { ...writer, manager: "x" }],
    ["a field more", { ...next, spec: { ...next.spec, leaseTransitions: 1 } }, writer],
    ["a field less", { ...next, spec: { holderIdentity: "n" } }, writer],
    ["another door", next, { ...writer, subresource: "status" }],
  ];
  for (const [what, other, who] of others) assert.equal(renewed(Lease, live, other, who), undefined, what);
  assert.deepEqual(renewed(Lease, live, { ...live }, writer), [was], "nothing has changed, and no time either");
});

test("whatever is written by whomever, the entries are those of a close look", () => {
  const chance = seededChance(7);
  const one = <T>(of: readonly T[]): T => of[Math.floor(chance.next() * of.length)]!;
  const draft = () =>
    make(Node, {
      metadata: { name: "n", labels: { a: one(["1", "2"]), ...(chance.next() < 0.3 && { b: "1" }) }, generation: one([1, 2]) },
      spec: { podCIDR: one(["10.0.0.0/24", "10.0.1.0/24"]), ...(chance.next() < 0.2 && { unschedulable: true }) },
      status: {
        capacity: { cpu: one(["1", "2"]) },
        conditions: one([
          ["Ready", "DiskPressure"],
          ["DiskPressure", "Ready"],
          ["Ready"],
          ["Ready", "Ready"],
          ["Ready", "DiskPressure"],
          ["Ready", "DiskPressure"],
        ]).map(type => ({
          type,
          status: one(["True", "False"]),
          lastHeartbeatTime: one(["2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"]),
        })),
        addresses: [{ type: "Hostname", address: one(["a", "b"]) }],
      },
    });
  let quick = 0;
  for (let round = 0; round < 120; round++) {
    const first = draft();
    let live = stored(first, manage(Node, undefined, first, by(one(["a", "b"]), 0)));
    for (let i = 1; i < 12; i++) {
      const writer = by(one(["a", "b"]), i * 1000 * one([0, 1]), one(["", "status"]));
      const drawn = draft();
      const next = { ...drawn, metadata: { ...drawn.metadata, uid: "u", managedFields: live.metadata.managedFields! } };
      if (chance.next() < 0.5) {
        next.spec = live.spec;
        next.metadata.labels = live.metadata.labels!;
      }
      const want = closely(Node, live, next, writer);
      assert.equal(JSON.stringify(manage(Node, live, next, writer)), JSON.stringify(want));
      if (renewed(Node, live, next, writer)) quick++;
      // now and then somebody applied, too, and shares what he has
      const entries = want?.map((e): ManagedEntry => (chance.next() < 0.1 ? { ...e, operation: "Apply", manager: "applier" } : e));
      live = stored(next, writeShares(readShares(entries)!));
    }
  }
  assert.ok(quick > 50, `${quick} were told without a close look`);
});
