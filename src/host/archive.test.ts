import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { archiveAt } from "#host/archive.ts";

async function* once(bytes: Uint8Array) {
  yield bytes;
}
const modeOf = async (path: string) => (await stat(path)).mode & 0o7777;

test("a folder for snapshots is private when it is made here, and keeps the mode that it had when it was there", async t => {
  const folder = await mkdtemp(join(tmpdir(), "cox archive é-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o1777);
  await (await archiveAt(folder)).put("a.db", once(new Uint8Array(3)));
  assert.equal(await modeOf(folder), 0o1777, "it may be everybody's, as /tmp is");
  assert.equal(await modeOf(join(folder, "a.db")), 0o600);
  const own = join(folder, "mine", "of today");
  await (await archiveAt(own)).put("a.db", once(new Uint8Array(3)));
  assert.equal(await modeOf(own), 0o700);
  assert.deepEqual(await (await archiveAt(own)).list(), [{ name: "a.db", size: 3 }]);
});

test("a place that takes no snapshots is told in a sentence", async t => {
  const folder = await mkdtemp(join(tmpdir(), "cox-archive-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "file");
  await writeFile(file, "");
  const archive = await archiveAt(file);
  const says = { message: `snapshots cannot be in ${file}: a part of the path is no directory` };
  await assert.rejects(archive.list(), says);
  await assert.rejects(archive.put("a.db", once(new Uint8Array(3))), says);
});
