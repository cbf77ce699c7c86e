import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Readable, Writable } from "node:stream";
import { test } from "node:test";
import { text, utf8 } from "#base/bytes.ts";
import { seededChance } from "#base/chance.ts";
import { type CaseOptions, localStoreCases } from "#store/case.ts";
import { checkStore } from "#store/check.ts";
import { type LocalStore, NoSpace, type Store } from "#store/contract.ts";
import { type EmbeddedOptions, openEmbedded, restoreEmbedded } from "#store/embedded.ts";
import { hostClock } from "./clock.ts";
import { hostChecksum, hostFiles } from "./files.ts";
import { openLmdb } from "./lmdb.ts";
import { checkedStore, openStore } from "./store.ts";

const scratch = () => mkdtempSync(`${tmpdir()}/coxswain-store-`);
const put = (store: Store, key: string, value: string) => store.txn([], [{ op: "put", key, value: utf8(value) }]);

for (const [name, flushEvents] of [
  ["embedded on disk, all in its log", undefined],
  ["embedded on disk, moving on at every step", 2],
] as const) {
  const fresh = async (options: CaseOptions, open: (options: EmbeddedOptions) => Promise<LocalStore>) => {
    const directory = scratch();
    const store = await open({
      ...options,
      files: hostFiles,
      openIndex: openLmdb,
      checksum: hostChecksum,
      directory,
      flushEvents,
    });
    return {
      store,
      async dispose() {
        await store.close();
        rmSync(directory, { recursive: true });
      },
    };
  };
  localStoreCases(name, {
    open: options => fresh(options, openEmbedded),
    restore: (options, stream) => fresh(options, all => restoreEmbedded(all, stream)),
  });
}

test("an index file that is damaged is told by the check, and made anew from the log by the next start", async () => {
  const directory = scratch();
  let store = await openStore(directory);
  for (let i = 0; i < 50; i++) await put(store, `k${i}`, `${i}`);
  const { hash } = await store.hash();
  await store.close();
  assert.deepEqual((await checkedStore(directory)).findings, []);
  const index = `${directory}/index/data.mdb`;
  writeFileSync(index, Buffer.concat([Buffer.alloc(8192, 7), readFileSync(index).subarray(8192)]));
  assert.deepEqual((await checkedStore(directory)).findings, [`the store's index cannot be opened: ${index} is damaged`]);
  store = await openStore(directory);
  assert.equal((await store.hash()).hash, hash);
  await assert.rejects(checkedStore(directory), { message: `the data directory ${directory} is in use by process ${process.pid}` });
  await store.close();
  // An opening that never ended: the index may have been what ended it.
  writeFileSync(`${directory}/opening`, "");
  store = await openStore(directory);
  assert.equal((await store.hash()).hash, hash);
  await store.close();
  const { findings, keys } = await checkedStore(directory);
  assert.deepEqual([findings, keys], [[], 50]);
  rmSync(directory, { recursive: true });
});

test("a directory in use names the process; a dead one's lock holds nothing", async () => {
  const directory = scratch();
  const store = await openStore(directory);
  await assert.rejects(openStore(directory), { message: `the data directory ${directory} is in use by process ${process.pid}` });
  await store.close();
  // A pid that runs, but is not the process that took the lock; and one that cannot run.
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  for (const stale of [`${process.ppid} 1 ${boot}\n`, `4194305 1 ${boot}\n`, `${process.pid} 1 another-boot\n`, ""]) {
    writeFileSync(`${directory}/lock`, stale);
    await (await openStore(directory)).close();
  }
  rmSync(directory, { recursive: true });
});

test("a holder that has died holds nothing, also while its parent has not collected it", async () => {
  const directory = scratch();
  // sleep takes the shell's place, and knows nothing of the child, which ends when its input does: after that.
  const parent = spawn("sh", ["-c", "(read -r line) <&3 & echo $!; exec sleep 100 3<&-"], { stdio: ["ignore", "pipe", "inherit", "pipe"] });
  const turn = () => new Promise(resolve => setImmediate(resolve));
  try {
    const pid = Number(await new Promise(resolve => parent.stdout!.once("data", resolve)));
    while (readFileSync(`/proc/${parent.pid}/comm`, "utf8") !== "sleep\n") await turn();
    (parent.stdio[3] as Writable).end();
    let fields: string[] = [];
    while (fields[0] !== "Z") {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      await turn();
    }
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    writeFileSync(`${directory}/lock`, `${pid} ${fields[19]} ${boot}\n`);
    await (await openStore(directory)).close();
  } finally {
    parent.kill();
    rmSync(directory, { recursive: true });
  }
});

/** A child that writes and says so; its values are long enough to go through the index in between. */
const writer = (directory: string) =>
  spawn(process.execPath, [`${import.meta.dirname}/store.writer.ts`, directory], { stdio: ["ignore", "pipe", "inherit"] });

test("kill -9 at random moments: what was acknowledged is there", { timeout: 60_000 }, async () => {
  const directory = scratch();
  const chance = seededChance(Date.now() & 0xffff);
  let acknowledged = 0;
  for (let round = 0; round < 10; round++) {
    const child: ChildProcessByStdio<null, Readable, null> = writer(directory);
    const started = Promise.withResolvers<void>();
    let said = "";
    const last = new Map<string, number>();
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      started.resolve();
      const lines = (said + chunk).split("\n");
      said = lines.pop()!;
      for (const line of lines) {
        const [key, value] = line.split(" ");
        last.set(key!, Number(value));
        acknowledged++;
      }
    });
    const closed = new Promise(resolve => child.once("close", resolve));
    child.once("close", () => started.resolve());
    await started.promise;
    await new Promise(resolve => setTimeout(resolve, chance.next() * 150));
    child.kill("SIGKILL");
    await closed;

    const report = await checkStore({ files: hostFiles, directory, checksum: hostChecksum });
    assert.deepEqual(report.findings, []);
    const store = await openStore(directory);
    for (const [key, value] of last) {
      const [entry, copy] = await Promise.all([store.get(key), store.get(`${key}/copy`)]);
      const found = Number(text(entry!.value).trimEnd());
      assert.ok(found >= value && found <= value + 1, `${key}: ${value} was acknowledged, ${found} is there`);
      assert.equal(text(copy!.value), text(entry!.value));
      assert.equal(copy!.modRevision, entry!.modRevision);
    }
    await put(store, "between", `${round}`);
    await store.close();
  }
  // However slow the machine is.
  assert.ok(acknowledged > 50, `${acknowledged} writes`);
  rmSync(directory, { recursive: true });
});

test("a disk that is really full: NoSpace, still readable, writable again when there is room", async t => {
  const directory = scratch();
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", directory]);
  if (mounted.status !== 0) {
    rmSync(directory, { recursive: true });
    return t.skip("mounting a small tmpfs takes rights that this user does not have");
  }
  try {
    // LMDB tells of its own failed writes on stderr, beside the error that it gives.
    t.mock.method(console, "error", () => {});
    const store = await openEmbedded({
      clock: hostClock,
      files: hostFiles,
      openIndex: openLmdb,
      checksum: hostChecksum,
      directory,
      flushBytes: 256 * 1024,
    });
    let written = 0;
    await assert.rejects(async () => {
      for (; written < 1000; written++) await put(store, `k${written}`, "x".repeat(10_000));
    }, NoSpace);
    assert.ok(written > 50, `${written}`);
    assert.equal((await store.range("k", "l")).count, written);
    assert.deepEqual(store.alarms(), ["nospace"]);
    // The reserve lets deletions through.
    await store.txn([], [{ op: "delete", key: "k0" }]);
    assert.equal(spawnSync("mount", ["-o", "remount,size=64m", directory]).status, 0);
    await store.disarm();
    assert.deepEqual(store.alarms(), []);
    await put(store, "k0", "again");
    await put(store, "after", "1");
    await new Promise(resolve => setTimeout(resolve, 1100));
    for (let i = 0; i < 100; i++) await put(store, `more${i}`, "x".repeat(10_000));
    await store.close();
    const again = await openStore(directory);
    assert.equal((await again.range("k", "l")).count, written);
    assert.equal((await again.range("more", "morf")).count, 100);
    await again.close();
  } finally {
    spawnSync("umount", [directory]);
    rmSync(directory, { recursive: true });
  }
});
