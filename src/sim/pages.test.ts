import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Pages } from "#sim/pages.ts";

test("pages hold what an array of bytes would, whatever is written and cut, and what was there before stays", () => {
  const write = fc.record({ at: fc.nat(20_000), bytes: fc.uint8Array({ maxLength: 9000 }) });
  const cut = fc.record({ at: fc.nat(20_000), bytes: fc.constant(undefined) });
  fc.assert(
    fc.property(fc.array(fc.oneof(write, cut), { maxLength: 8 }), fc.nat(25_000), fc.nat(25_000), (steps, from, to) => {
      let pages = Pages.empty;
      let plain = new Uint8Array(0);
      for (const { at, bytes } of steps) {
        const before = [pages, plain] as const;
        const next = new Uint8Array(bytes ? Math.max(plain.length, at + bytes.length) : at);
        next.set(plain.subarray(0, next.length));
        if (bytes) next.set(bytes, at);
        pages = bytes ? pages.written(at, bytes) : pages.resized(at);
        plain = next;
        assert.deepEqual(before[0].slice(), before[1]);
        assert.deepEqual(pages.slice(), plain);
      }
      assert.deepEqual(pages.slice(from, to), plain.slice(from, Math.max(from, to)));
    }),
  );
});
