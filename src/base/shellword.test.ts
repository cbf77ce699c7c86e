import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { shellWord } from "#base/shellword.ts";

test("a shell takes a word as it was meant", () => {
  assert.equal(shellWord("/var/lib/coxswain"), "/var/lib/coxswain");
  assert.equal(shellWord("/tmp/my data"), "'/tmp/my data'");
  for (const text of ["", "a b", "it's", "$(ls)", "`x`", "é", "a\nb", "~", "\\", '"', "*", "-n"])
    assert.equal(execFileSync("sh", ["-c", `printf %s ${shellWord(text)}`], { encoding: "utf8" }), text);
});
