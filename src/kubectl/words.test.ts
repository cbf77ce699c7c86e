import assert from "node:assert/strict";
import { test } from "node:test";
import { parseWords, UsageError, wordsOf } from "#kubectl/words.ts";

test("words are split as a shell splits them", () => {
  assert.deepEqual(wordsOf(`get  pods -l 'a=b c' "x \\" y" a\\ b ''`), ["get", "pods", "-l", "a=b c", 'x " y', "a b", ""]);
  assert.throws(() => wordsOf("say 'x"), new UsageError("a quote ' is not closed"));
});

test("flags stand anywhere, in each of their forms", () => {
  const flags = [
    { name: "namespace", letter: "n", value: true, says: "" },
    { name: "all", letter: "A", says: "" },
    { name: "replicas", value: true, says: "" },
  ];
  for (const form of ["-n x", "-nx", "-n=x", "--namespace x", "--namespace=x"]) {
    const parsed = parseWords(["get", ...form.split(" "), "pods", "-A", "--", "-n", "y"], flags);
    assert.equal(parsed.value("namespace"), "x", form);
    assert.deepEqual([parsed.words, parsed.rest, parsed.is("all")], [["get", "pods"], ["-n", "y"], true]);
  }
  assert.throws(() => parseWords(["--nothing"], flags), new UsageError("unknown flag: --nothing"));
  assert.throws(() => parseWords(["-An"], flags), new UsageError("flag needs an argument: 'n' in -An"));
  assert.throws(() => parseWords(["--replicas=many"], flags).number("replicas"), /invalid argument "many" for "--replicas" flag/);
});
