import assert from "node:assert/strict";
import test from "node:test";
import { compilePattern, PatternError } from "#base/pattern.ts";

test("patterns search in linear time", async () => {
  const evil = await compilePattern("^(a+)+$");
  assert.ok(evil.test("aaa"));
  assert.ok(!evil.test(`${"a".repeat(5000)}b`));
  assert.ok((await compilePattern("b")).test("abc"));
  assert.equal(await compilePattern("b"), await compilePattern("b"));
  await assert.rejects(compilePattern("(?=a)"), PatternError);
  await assert.rejects(compilePattern("("), PatternError);
});
