import assert from "node:assert/strict";
import { appendFile, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { text } from "#base/bytes.ts";
import { hostLogFiles } from "#host/podlogs.ts";
import { type LogOptions, readLog } from "#kubelet/logs.ts";

let root = "";
before(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), "coxswain-logs-"));
});
after(() => rm(root, { recursive: true, force: true }));

const all: LogOptions = { follow: false, timestamps: false, since: undefined, tailLines: undefined, limitBytes: undefined, stream: "all" };
const line = (second: number, stream: string, words: string, tag = "F") => `2026-01-01T00:00:0${second}.5Z ${stream} ${tag} ${words}\n`;
async function read(file: string, options: Partial<LogOptions>, running = () => false, signal = new AbortController().signal) {
  let out = "";
  for await (const piece of readLog({ ...all, ...options }, { files: hostLogFiles, path: file, signal, running })) out += text(piece);
  return out;
}

test("tail, since, limit, timestamps, streams and lines in parts", async () => {
  const file = path.join(root, "0.log");
  await writeFile(file, line(1, "stdout", "one") + line(2, "stderr", "two") + line(3, "stdout", "thr", "P") + line(3, "stdout", "ee"));
  assert.equal(await read(file, {}), "one\ntwo\nthree\n");
  assert.equal(await read(file, { tailLines: 1 }), "ee\n");
  assert.equal(await read(file, { tailLines: 0 }), "");
  assert.equal(await read(file, { tailLines: 99 }), "one\ntwo\nthree\n");
  assert.equal(await read(file, { since: Date.UTC(2026, 0, 1, 0, 0, 2) }), "two\nthree\n");
  assert.equal(await read(file, { limitBytes: 5 }), "one\nt");
  assert.equal(await read(file, { stream: "stderr" }), "two\n");
  assert.equal(await read(file, { timestamps: true, stream: "stdout" }), "2026-01-01T00:00:01.5Z one\n2026-01-01T00:00:03.5Z three\n");
  assert.equal(await read(path.join(root, "none.log"), {}), "");
});

test("following goes on through a rotation and ends with the container", async () => {
  const file = path.join(root, "1.log");
  await writeFile(file, line(1, "stdout", "one"));
  let alive = true;
  const following = read(file, { follow: true }, () => alive);
  await appendFile(file, line(2, "stdout", "two"));
  await rename(file, `${file}.20260101-000000`);
  await writeFile(file, line(3, "stdout", "three"));
  alive = false;
  assert.equal(await following, "one\ntwo\nthree\n");
});
