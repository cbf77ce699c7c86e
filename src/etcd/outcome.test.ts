import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "#base/bytes.ts";
import type { Compare, Entry, Op, StoreEvent } from "#store/contract.ts";
import { isTrace, OutcomeUnknown, repeatableBy, resultsAt } from "./outcome.ts";

const put: Op = { op: "put", key: "a", value: utf8("new") };
const del: Op = { op: "delete", key: "a" };
const when = (target: "mod" | "version" | "create", than: number, key = "a"): Compare => ({ key, target, is: "=", than });
const entry = (key: string, value: string, modRevision: number): Entry => ({
  key,
  value: utf8(value),
  createRevision: 2,
  modRevision,
  version: 1,
  lease: 0n,
});

test("only what cannot write twice is repeated", () => {
  const by = (compare: Compare[], then: Op[], otherwise: Op[] = []) => {
    const r = repeatableBy(compare, then, otherwise);
    return typeof r === "object" ? r.fence.op : r;
  };
  assert.equal(by([], [{ op: "get", key: "a" }]), "reads");
  assert.equal(by([when("mod", 5)], [put]), "put");
  assert.equal(by([when("create", 0)], [put]), "put");
  assert.equal(by([when("mod", 5)], [del]), "delete");
  assert.equal(by([when("version", 3, "b"), when("mod", 5)], [{ op: "put", key: "c", value: utf8("") }, put]), "put");
  // nothing that the write changes
  assert.equal(by([], [put]), undefined);
  assert.equal(by([when("mod", 5, "b")], [put]), undefined);
  // a put keeps the revision of creation, and what is missing stays missing
  assert.equal(by([when("create", 5)], [put]), undefined);
  assert.equal(by([when("mod", 0)], [del]), undefined);
  assert.equal(by([when("mod", 5)], [put], [del]), undefined);
  assert.equal(by([when("mod", 5)], [{ op: "txn", compare: [], success: [put] }]), undefined);
  assert.equal(by([{ key: "a", to: "b", target: "mod", is: "=", than: 5 }], [put]), undefined);
});

test("a lost write is known by all that it put, and its results are read from the past", async () => {
  const note: Op = { op: "put", key: "note", value: utf8("by me") };
  const state = new Map([[6, [entry("a", "new", 6), entry("note", "by me", 6)]]]);
  const read = async (key: string, to: string, revision: number) => (state.get(revision) ?? []).filter(e => e.key >= key && e.key < to);
  const wrote: StoreEvent = { type: "put", entry: entry("a", "new", 6) };
  const deleted: StoreEvent = { type: "delete", entry: entry("a", "", 6) };
  assert.equal(await isTrace(wrote, put as never, [put, note], read), true);
  assert.equal(await isTrace(deleted, put as never, [put, note], read), false);
  assert.equal(await isTrace(deleted, del as never, [del, note], read), true);
  assert.equal(await isTrace(deleted, del as never, [del, { ...note, value: utf8("by you") } as Op], read), false);
  await assert.rejects(isTrace(deleted, del as never, [del], read), OutcomeUnknown);
  state.set(5, [entry("a", "old", 3)]);
  const results = await resultsAt([{ ...put, previous: true } as Op, { op: "delete", key: "b", to: "c" }], 6, read);
  assert.deepEqual(results, [
    { op: "put", previous: entry("a", "old", 3) },
    { op: "delete", deleted: 0 },
  ]);
});
