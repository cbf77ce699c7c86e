import assert from "node:assert/strict";
import test from "node:test";
import { Journal } from "#scheduler/journal.ts";

test("what is remembered is told in order from any position; from before that, nothing", () => {
  const journal = new Journal(3);
  const rows = (since: number) => {
    const out: number[] = [];
    return journal.since(since, e => out.push(e.row)) ? out : undefined;
  };
  assert.equal(rows(-1), undefined);
  for (let i = 0; i < 5; i++) journal.add(i, undefined, 1);
  assert.deepEqual(rows(2), [2, 3, 4]);
  assert.deepEqual(rows(journal.position), []);
  journal.add(5, undefined, 1);
  assert.equal(journal.position, 6);
  assert.deepEqual(rows(3), [3, 4, 5]);
  assert.equal(rows(2), undefined);
});
