import assert from "node:assert/strict";
import test from "node:test";
import { lineDiff } from "#base/linediff.ts";

const text = (...lines: (string | number)[]) => lines.join("\n");

test("hunks with three lines around, far ones apart", () => {
  const a = Array.from({ length: 30 }, (_, i) => i);
  const b = a.map(n => (n === 2 ? "two" : n === 25 ? "new" : n)).flatMap(n => (n === "new" ? [25, n] : [n]));
  assert.equal(
    lineDiff(text(...a), text(...b)),
    text(
      "@@ -1,6 +1,6 @@",
      " 0",
      " 1",
      "-2",
      "+two",
      " 3",
      " 4",
      " 5",
      "@@ -24,6 +24,7 @@",
      " 23",
      " 24",
      " 25",
      "+new",
      " 26",
      " 27",
      " 28",
    ),
  );
});

test("near changes share a hunk; the same, the empty and all new", () => {
  assert.equal(lineDiff(text("a", "b", "c", "d"), text("x", "b", "c", "y")), text("@@ -1,4 +1,4 @@", "-a", "+x", " b", " c", "-d", "+y"));
  assert.equal(lineDiff("a", "a"), "");
  assert.equal(lineDiff("", text("a", "b")), text("@@ -1,0 +1,2 @@", "+a", "+b"));
  assert.equal(lineDiff("a", ""), text("@@ -1,1 +1,0 @@", "-a"));
});
