/** Between the embedded store and a real etcd, both ways. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { utf8 } from "#base/bytes.ts";
import { silentLog } from "#base/log.ts";
import { openEtcd } from "#host/etcd.ts";
import { openStore, restoreStore } from "#host/store.ts";
import { retainedOf } from "#snapshot/contents.ts";
import { moveInto } from "#snapshot/move.ts";
import { ALL_KEYS, type Entry, type Store } from "#store/contract.ts";
import { noEtcd, startEtcd } from "../support/etcd.ts";

const shown = ({ key, value, lease, createRevision, modRevision, version }: Entry, exact: boolean) => [
  key,
  value.toHex(),
  lease > 0,
  ...(exact ? [createRevision, modRevision, version, lease] : []),
];
async function seen(store: Store, exact: boolean, revision?: number) {
  return (await store.range("", ALL_KEYS, { revision })).entries.map(entry => shown(entry, exact));
}

test("from the embedded store into etcd and back: every key, value and lease; no revision ever goes back", { skip: noEtcd }, async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "cox-move-"));
  const etcd = await startEtcd();
  const closers: Store[] = [];
  try {
    const embedded = await openStore(path.join(directory, "a"));
    closers.push(embedded);
    const lease = await embedded.grant(3600);
    for (let i = 0; i < 300; i++)
      await embedded.txn([], [{ op: "put", key: `k${i % 120}\xff`, value: utf8(`${i}`.repeat(i)), lease: i % 120 === 5 ? lease.id : 0n }]);
    await embedded.txn([], [{ op: "delete", key: "k3\xff" }]);
    const remote = await openEtcd({ endpoints: etcd.urls.map(url => ({ url })), log: silentLog });
    closers.push(remote);
    await moveInto({ from: embedded, to: remote, hold: async () => {}, progress: () => {} });
    assert.deepEqual(await seen(remote, false), await seen(embedded, false));
    assert.ok(remote.revision > embedded.revision);
    assert.deepEqual((await remote.timeToLive((await remote.leases())[0]!)).keys, ["k5\xff"]);

    // Some life in etcd, then back, where revisions are kept.
    for (let i = 10; i < 40; i++) await remote.txn([], [{ op: "put", key: `k${i}\xff`, value: utf8("later") }]);
    assert.equal(await restoreStore(path.join(directory, "b"), retainedOf(remote)), remote.revision);
    const back = await openStore(path.join(directory, "b"));
    closers.push(back);
    assert.deepEqual(await seen(back, true), await seen(remote, true));
    assert.equal(back.compacted, remote.compacted);
    const past = remote.revision - 10;
    assert.deepEqual(await seen(back, true, past), await seen(remote, true, past));
    assert.deepEqual((await back.timeToLive((await back.leases())[0]!)).keys, ["k5\xff"]);
  } finally {
    for (const store of closers) await store.close();
    await etcd.dispose();
    await rm(directory, { recursive: true, force: true });
  }
});
