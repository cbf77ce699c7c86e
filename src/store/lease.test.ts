import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseId } from "./contract.ts";
import { lastLeaseAfter, nextLease } from "./lease.ts";

test("ids of leases are counted, past those that clients chose, and begin anew at their end", () => {
  const held = new Set<LeaseId>([1n, 5n, 6n, 2n ** 48n - 1n]);
  const next = (last: number) => nextLease(last, id => held.has(id));
  assert.deepEqual([next(0), next(4), next(2 ** 48 - 3), next(2 ** 48 - 2)], [2n, 7n, 2n ** 48n - 2n, 2n]);
  assert.deepEqual([lastLeaseAfter(3, 7n), lastLeaseAfter(9, 7n), lastLeaseAfter(3, 2n ** 62n + 1n), lastLeaseAfter(3, -4n)], [7, 9, 3, 3]);
});
