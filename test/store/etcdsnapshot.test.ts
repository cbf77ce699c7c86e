import assert from "node:assert/strict";
import { open, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { seededChance } from "#base/chance.ts";
import { snapshotPorts } from "#host/snapshot.ts";
import { checkHash, contentOf } from "#snapshot/load.ts";
import { etcdSnapshot } from "#snapshot/save.ts";
import { type EtcdServer, type EtcdTools, etcdTools, restoreEtcd, scratchFolder, snapshotStatus, startEtcd } from "../support/etcdtools.ts";

const found = etcdTools();

/** Some hundred writes of every kind, a compaction in their middle, leases, users and roles. */
async function fill(etcd: EtcdServer): Promise<void> {
  const chance = seededChance(4);
  const pick = (n: number) => Math.floor(chance.next() * n);
  const leases: string[] = [];
  for (let i = 0; i < 4; i++) leases.push(/lease (\w+) granted/.exec(await etcd.ctl("lease", "grant", `${3600 + i}`))![1]!);
  for (let i = 0; i < 120; i++) {
    const key = `key/${pick(40)}`;
    if (pick(5) === 0) await etcd.ctl("del", key);
    else await etcd.ctl("put", key, "v".repeat(pick(i % 10 === 0 ? 20_000 : 50)), ...(pick(4) === 0 ? [`--lease=${leases[i % 4]}`] : []));
    if (i === 70) await etcd.ctl("compaction", "50", "--physical");
  }
  await etcd.ctl("put", "gone", "1");
  await etcd.ctl("del", "gone");
  await etcd.ctl("role", "add", "reader");
  await etcd.ctl("role", "grant-permission", "reader", "read", "key/", "key0");
  await etcd.ctl("user", "add", "ann:secret");
  await etcd.ctl("user", "grant-role", "ann", "reader");
}

/** All that a client can see of it. */
async function seen(etcd: EtcdServer) {
  interface Range {
    header: { revision: number };
    kvs?: { key: string; value?: string; create_revision: number; mod_revision: number; version: number; lease?: number }[];
  }
  const now = await etcd.json<Range>("get", "", "--prefix");
  const past: unknown[] = [];
  for (const revision of [50, 60, 90, now.header.revision - 1])
    past.push((await etcd.json<Range>("get", "", "--prefix", `--rev=${revision}`)).kvs);
  const compacted = await etcd.ctl("get", "", "--prefix", "--rev=49").catch((error: Error) => /has been compacted/.test(error.message));
  const leases = (await etcd.ctl("lease", "list")).split("\n").filter(line => /^[0-9a-f]+$/.test(line));
  const attached = [];
  for (const id of leases) {
    const says = await etcd.ctl("lease", "timetolive", id, "--keys");
    const [, ttl, keys = ""] = /granted with TTL\((\w+)\).*attached keys\(\[(.*)\]\)/.exec(says) ?? [];
    attached.push([id, ttl, keys.split(" ").sort()]);
  }
  const users = [await etcd.ctl("user", "list"), await etcd.ctl("user", "get", "ann"), await etcd.ctl("role", "get", "reader")];
  return { revision: now.header.revision, kvs: now.kvs, past, compacted, leases: leases.length, attached: attached.sort(), users };
}

async function again(tools: EtcdTools, from: string, data: string): Promise<EtcdServer> {
  await restoreEtcd(tools, from, data);
  return startEtcd(tools, data);
}

for (const tools of found)
  test(`a snapshot of ${tools.name} is read, and what is written from it restores into each etcd: every key, revision, lease, user`, async () => {
    const folder = scratchFolder();
    try {
      const original = await startEtcd(tools, folder.path("data"));
      await fill(original);
      const expected = await seen(original);
      await original.ctl("snapshot", "save", folder.path("theirs"));
      await original.stop();

      const ports = snapshotPorts(folder.path(""));
      const handle = await open(folder.path("theirs"));
      const source = {
        read: async (at: number, length: number) => {
          const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, at);
          return buffer.subarray(0, bytesRead);
        },
      };
      assert.equal(await checkHash(source, (await handle.stat()).size, ports), "good");
      const ours = await etcdSnapshot(contentOf(source, ports), ports);
      await writeFile(folder.path("ours"), ours.bytes);
      await handle.close();
      assert.equal(ours.revision, expected.revision);

      for (const target of found) {
        const status = await snapshotStatus(target, folder.path("ours"));
        assert.equal(status.revision, expected.revision);
        const restored = await again(target, folder.path("ours"), folder.path(`restored by ${target.name}`));
        try {
          assert.deepEqual(await seen(restored), expected, target.name);
          // It goes on from there.
          await restored.ctl("put", "after", "1");
          assert.equal((await restored.json<{ header: { revision: number } }>("get", "after")).header.revision, expected.revision + 1);
          await restored.ctl("user", "add", "root:root");
          await restored.ctl("user", "grant-role", "root", "root");
          await restored.ctl("auth", "enable");
          assert.match(await restored.ctl("--user=ann:secret", "get", "key/1", "-w", "json"), /header/);
          await assert.rejects(restored.ctl("--user=ann:wrong", "get", "key/1"));
        } finally {
          await restored.stop();
        }
      }
    } finally {
      folder.remove();
    }
  });

test("all of etcd's versions are here", t => {
  if (found.length < 2)
    t.skip(
      `found: ${found.map(f => f.name).join(", ") || "none"} (COX_ETCD_BIN names a folder with etcd, etcdctl and etcdutl of a newer one)`,
    );
});
