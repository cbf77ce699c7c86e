import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { architecture } from "./imagestore.ts";
import { pauseProgram } from "./pause.ts";

describe("the pause program", () => {
  it("is a small static ELF file for both architectures", () => {
    for (const [name, machine] of [
      ["amd64", 62],
      ["arm64", 183],
    ] as const) {
      const file = Buffer.from(pauseProgram(name));
      assert.equal(file.toString("latin1", 0, 4), "\x7fELF");
      assert.equal(file.readUInt16LE(18), machine);
      assert.ok(file.length < 400);
    }
  });
  it("waits, reaps, and ends on SIGTERM and SIGINT", { skip: process.platform !== "linux" && "it is a Linux program" }, async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "cox-pause-"));
    try {
      const file = path.join(directory, "pause");
      await writeFile(file, pauseProgram(architecture()), { mode: 0o755 });
      for (const signal of ["SIGTERM", "SIGINT"] as const) {
        const child = spawn(file, { stdio: "ignore" });
        const ended = new Promise<[number | null, NodeJS.Signals | null]>(resolve => child.once("exit", (code, by) => resolve([code, by])));
        await sleep(50);
        child.kill("SIGCHLD");
        await sleep(50);
        assert.equal(child.exitCode, null);
        child.kill(signal);
        assert.deepEqual(await ended, [0, null]);
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
