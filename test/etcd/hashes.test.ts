/** The number that a real etcd gives a history, and ours: the same writes in both, and what each restores of the other's snapshot. */
import assert from "node:assert/strict";
import { open } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { type Chance, seededChance } from "#base/chance.ts";
import { silentLog } from "#base/log.ts";
import { runEtcd } from "#cluster/etcd.ts";
import { run } from "#host/command.ts";
import { openEtcd } from "#host/etcd.ts";
import { snapshotPorts } from "#host/snapshot.ts";
import { restoreStore } from "#host/store.ts";
import { contentOf } from "#snapshot/load.ts";
import { ALL_KEYS, LeaseNotFound, type Op, type Revision, type Store } from "#store/contract.ts";
import { type EtcdTools, etcdTools, restoreEtcd, scratchFolder, startEtcd } from "../support/etcdtools.ts";

const found = etcdTools();
const KEYS = 12;

/** Writes of every kind from `seed` on; the same in every store that stands at the same revision. */
async function write(store: Store, chance: Chance, count: number): Promise<void> {
  const pick = (n: number) => Math.floor(chance.next() * n);
  const key = () => `key/${String(pick(KEYS)).padStart(2, "0")}\xff`;
  for (let i = 0; i < count; i++) {
    const id = BigInt(1 + pick(3));
    if (pick(12) === 0) {
      await store.revoke(id).catch(isGone);
      await store.grant(3600, id);
      continue;
    }
    const leased = (await store.leases()).includes(id);
    const ops = new Map<string, Op>();
    for (let left = 1 + pick(4); left > 0; left--) {
      const k = key();
      const value = new Uint8Array(pick(8) === 0 ? 3000 : pick(20)).fill(i);
      ops.set(k, pick(4) === 0 ? { op: "delete", key: k } : { op: "put", key: k, value, ...(leased && pick(3) === 0 && { lease: id }) });
    }
    await store.txn([], pick(15) === 0 ? [{ op: "delete", key: "key/03", to: "key/09" }] : [...ops.values()]);
  }
}
function isGone(error: unknown): void {
  if (!(error instanceof LeaseNotFound)) throw error;
}

/** A store that speaks etcd's protocol, and what `etcdctl endpoint hashkv` says of it. */
interface Side {
  readonly store: Store;
  hash(revision?: Revision): Promise<string>;
  save(file: string): Promise<void>;
}
async function sideOf(t: TestContext, { etcdctl }: EtcdTools, endpoint: string): Promise<Side> {
  const store = await openEtcd({ endpoints: [{ url: endpoint }], log: silentLog });
  t.after(() => store.close());
  const ctl = (...args: string[]) => run(etcdctl, ["--endpoints", endpoint, ...args], { env: { ...process.env, ETCDCTL_API: "3" } });
  return {
    store,
    async hash(revision = 0) {
      interface Answer {
        readonly HashKV: { readonly hash: number; readonly compact_revision?: number; readonly hash_revision?: number };
      }
      const { stdout, stderr } = await ctl("endpoint", "hashkv", `--rev=${revision}`, "-w", "json");
      const refused = /mvcc: [a-z ]*/.exec(stderr);
      if (refused) return refused[0];
      const [{ HashKV }] = JSON.parse(stdout) as [Answer];
      return `${HashKV.hash} compacted ${HashKV.compact_revision}`;
    },
    save: async file => void (await ctl("snapshot", "save", file)),
  };
}

async function ours(t: TestContext, tools: EtcdTools, data: string): Promise<Side> {
  const listen = [{ host: "127.0.0.1", port: 0, secure: false }];
  const running = await runEtcd(data, { listen, advertise: [], name: "default", requestBytes: 1_572_864 }, silentLog);
  t.after(() => running.stop());
  const endpoint = `http://127.0.0.1:${running.ports[0]}`;
  return sideOf(t, tools, endpoint);
}
async function theirs(t: TestContext, tools: EtcdTools, data: string): Promise<Side> {
  const etcd = await startEtcd(tools, data);
  t.after(() => etcd.stop());
  return sideOf(t, tools, etcd.endpoint);
}
/** The numbers at some revisions from the compacted one's next on, at the newest, and where none can be had. */
async function hashes({ store, hash }: Side, compacted: Revision): Promise<string[]> {
  const { revision } = store;
  const asked = [0, compacted - 1, compacted + 1, Math.floor((compacted + revision) / 2), revision - 1, revision, revision + 1];
  const said: string[] = [];
  // Not at the compaction itself: an etcd from 3.5 on gives what it noted when it compacted, and one that was started since computes it.
  for (const at of asked) if (at !== compacted) said.push(`${at}: ${await hash(Math.max(0, at))}`);
  return said;
}
async function same(one: Side, other: Side, compacted: Revision, when: string): Promise<void> {
  const expected = await hashes(one, compacted);
  assert.deepEqual(await hashes(other, compacted), expected, when);
}

if (found.length === 0)
  test("hashes beside a real etcd", { skip: "needs etcd (apt-get install etcd-server etcd-client)" }, () => undefined);
for (const tools of found)
  test(`one history has one hash in ${tools.name} and in ours: as it is written, compacted, and restored from the other's snapshot`, async t => {
    const folder = scratchFolder();
    t.after(() => folder.remove());
    const [etcd, cox] = [await theirs(t, tools, folder.path("etcd")), await ours(t, tools, folder.path("cox"))];
    const both = async (act: (side: Side) => Promise<void>) => {
      for (const side of [etcd, cox]) await act(side);
    };
    let compacted = 0;
    for (let round = 1; round <= 4; round++) {
      await both(({ store }) => write(store, seededChance(round), 40));
      assert.equal(cox.store.revision, etcd.store.revision);
      await same(etcd, cox, compacted, `before compaction ${round}`);
      // Sometimes all of it.
      compacted = cox.store.revision - (round % 2) * 17;
      await both(({ store }) => store.compact(compacted));
      await same(etcd, cox, compacted, `after compaction ${round}`);
    }
    await both(({ store }) => write(store, seededChance(9), 20));

    await both(side => side.save(folder.path(side === etcd ? "theirs" : "ours")));
    const handle = await open(folder.path("theirs"));
    t.after(() => handle.close());
    const source = {
      read: async (at: number, length: number) => {
        const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, at);
        return buffer.subarray(0, bytesRead);
      },
    };
    await restoreStore(folder.path("cox of theirs"), contentOf(source, snapshotPorts(folder.path(""))));
    await restoreEtcd(tools, folder.path("ours"), folder.path("etcd of ours"));
    const [etcdOfOurs, coxOfTheirs] = [
      await theirs(t, tools, folder.path("etcd of ours")),
      await ours(t, tools, folder.path("cox of theirs")),
    ];
    await same(etcd, coxOfTheirs, compacted, "ours, restored from theirs");
    await same(etcd, etcdOfOurs, compacted, "theirs, restored from ours");
    assert.equal(await cox.hash(compacted), await coxOfTheirs.hash(compacted));
    // Before 3.6 there is none.
    if (!tools.restore.endsWith("etcdctl")) assert.equal(await etcdOfOurs.hash(compacted), await cox.hash(compacted));

    // With nothing left what stood at the compaction counts, and then nothing.
    for (const side of [etcd, etcdOfOurs, cox, coxOfTheirs]) await side.store.txn([], [{ op: "delete", key: "", to: ALL_KEYS }]);
    for (const side of [etcdOfOurs, cox, coxOfTheirs]) await same(etcd, side, compacted, "all deleted");
    await both(({ store }) => store.compact(store.revision));
    await both(({ store }) => store.txn([], [{ op: "put", key: "again", value: new Uint8Array(0) }]).then(() => {}));
    await same(etcd, cox, cox.store.revision - 1, "all deleted and compacted");
  });
