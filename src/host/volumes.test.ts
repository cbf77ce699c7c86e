import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { utf8 } from "#base/bytes.ts";
import { run } from "./command.ts";
import { unmountBelow } from "./mounttable.ts";
import { hostDisk } from "./volumes.ts";

const mayMount = process.getuid?.() === 0 && (await run("unshare", ["-m", "true"])).code === 0;
const needsMounts = { skip: mayMount ? false : "mounting needs root" };
const disk = hostDisk({ privileged: mayMount });
let root = "";
before(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), "coxswain-volumes-"));
});
after(async () => {
  if (mayMount) await unmountBelow(root);
  await rm(root, { recursive: true, force: true });
});
const file = (name: string, words: string, mode = 0o644) => ({ path: name, bytes: utf8(words), mode });

test("a payload is swapped whole, and only when it differs", async () => {
  const at = path.join(root, "payload");
  assert.equal(await disk.writePayload(at, [file("a", "1"), file("d/b", "2", 0o400)], undefined), true);
  assert.equal(await readFile(path.join(at, "a"), "utf8"), "1");
  assert.equal((await stat(path.join(at, "d/b"))).mode & 0o777, 0o400);
  const first = await readlink(path.join(at, "..data"));
  assert.equal(await disk.writePayload(at, [file("a", "1"), file("d/b", "2", 0o400)], undefined), false);
  assert.equal(await readlink(path.join(at, "..data")), first);
  assert.equal(await disk.writePayload(at, [file("a", "new")], undefined), true);
  assert.deepEqual(
    (await readdir(at)).filter(n => !n.startsWith("..")),
    ["a"],
  );
  assert.equal((await readdir(at)).filter(n => n.startsWith("..2")).length, 1);
  await assert.rejects(disk.writePayload(at, [file("../x", "1")], undefined), /leads out of the volume/);
});

test("a group may read what it is given", { skip: process.getuid?.() === 0 ? false : "chown needs root" }, async () => {
  const at = path.join(root, "grouped");
  await disk.writePayload(at, [file("a", "1", 0o400)], 1001);
  const facts = await stat(path.join(at, "a"));
  assert.equal(facts.mode & 0o777, 0o440);
  assert.equal(facts.gid, 1001);
  const own = path.join(root, "own");
  await disk.makeDirectory(own, 0o777);
  await disk.giveToGroup(own, 1002, false);
  assert.equal((await stat(own)).mode & 0o7777, 0o2777);
  assert.equal((await stat(own)).gid, 1002);
});

test("types of hostPath", async () => {
  const at = path.join(root, "host");
  await disk.hostPath(at, "DirectoryOrCreate");
  await assert.rejects(disk.hostPath(at, "File"), { message: `hostPath type check failed: ${at} is not a file` });
  await assert.rejects(disk.hostPath(path.join(at, "none"), "Directory"), /is not a directory/);
});

test("a subPath is bound where it lies, never outside of its volume", needsMounts, async () => {
  await disk.prepare(path.join(root, "k"), path.join(root, "k/memory"));
  const volume = path.join(root, "k/volume");
  await mkdir(path.join(volume, "in"), { recursive: true });
  await writeFile(path.join(volume, "in/f"), "inside");
  await symlink("in", path.join(volume, "good"));
  await symlink("/etc", path.join(volume, "bad"));
  const target = (name: string) => path.join(root, "k/targets", name);
  assert.equal(await readFile(path.join(await disk.bindSubPath(volume, "good", target("a")), "f"), "utf8"), "inside");
  assert.equal(await readFile(await disk.bindSubPath(volume, "in/f", target("b")), "utf8"), "inside");
  await disk.bindSubPath(volume, "new/deep", target("c"));
  assert.ok((await stat(path.join(volume, "new/deep"))).isDirectory());
  await assert.rejects(disk.bindSubPath(volume, "bad", target("d")), /not within volume path/);
  await assert.rejects(disk.bindSubPath(volume, "bad/x", target("e")), /not within volume path/);
  await disk.mountTmpfs(path.join(root, "k/tmpfs"), 1024 * 1024);
  assert.equal((await disk.usage(path.join(root, "k/tmpfs"))).capacity, 1024 * 1024);
  await disk.remove(path.join(root, "k/tmpfs"));
  await disk.remove(path.join(root, "k/targets"));
  assert.equal(await readFile(path.join(volume, "in/f"), "utf8"), "inside");
});
