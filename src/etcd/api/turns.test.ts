import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "./turns.ts";

test("one at a time, first who is furthest behind: those who began apart go on together", async () => {
  const turns = new Turns();
  const read: string[] = [];
  let atWork = 0;
  const follow = async (name: string, from: number) => {
    const who = { delivered: from };
    while (who.delivered < 5) {
      await turns.take(who, async () => {
        assert.equal(++atWork, 1);
        await undefined;
        read.push(`${name}${++who.delivered}`);
        atWork--;
      });
    }
  };
  await Promise.all([follow("a", 0), follow("b", 3), follow("c", 1)]);
  assert.equal(read.join(" "), "a1 c2 a2 c3 a3 b4 c4 a4 b5 c5 a5");
});

test("who fails gives the turn on", async () => {
  const turns = new Turns();
  const failed = turns.take({ delivered: 0 }, () => Promise.reject(new Error("gone")));
  const next = turns.take({ delivered: 0 }, async () => "done");
  await assert.rejects(failed, /gone/);
  assert.equal(await next, "done");
});
