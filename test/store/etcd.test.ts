/** The same question as storm.test.ts's, put to stores that are reached over etcd's protocol: a real etcd whose members die, and ours. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { seededChance } from "#base/chance.ts";
import { silentLog } from "#base/log.ts";
import { runEtcd } from "#cluster/etcd.ts";
import { openEtcd } from "#host/etcd.ts";
import { catchUp, drive, newRecord } from "#store/clients.ts";
import type { Store } from "#store/contract.ts";
import { violations } from "#store/linearizable.ts";
import { noEtcd, startEtcd } from "../support/etcd.ts";

const options = { chance: seededChance(1), clients: 6, operations: 150, size: 200, ttl: 5, goesOn: true } as const;

/** Drives the store while `trouble` goes on, then asks whether all that was answered was true. */
async function tried(store: Store, trouble: () => Promise<void>): Promise<string> {
  const record = newRecord();
  await Promise.all([drive(store, record, options), trouble()]);
  await catchUp(store, record);
  assert.deepEqual(violations(record), []);
  const count = (kind: string) => record.attempts.filter(a => a.outcome.kind === kind).length;
  assert.ok(count("txn") > options.operations, `${count("txn")} were acknowledged`);
  return `${count("txn")} writes acknowledged, ${count("unknown")} left open`;
}

test("three members of a real etcd, each killed in turn", { skip: noEtcd, timeout: 120_000 }, async t => {
  const etcd = await startEtcd({ members: 3, heartbeat: 50, election: 500 });
  const store = await openEtcd({ endpoints: etcd.urls.map(url => ({ url })), log: silentLog });
  try {
    const said = await tried(store, async () => {
      for (const member of etcd.members) {
        await sleep(300);
        await member.kill();
        await sleep(1200);
        member.start();
        await sleep(1200);
      }
    });
    t.diagnostic(said);
  } finally {
    await store.close();
    await etcd.dispose();
  }
});

test("our own etcd", { timeout: 120_000 }, async t => {
  const directory = await mkdtemp(path.join(tmpdir(), "cox-etcdlinear-"));
  const listen = [{ host: "127.0.0.1", port: 0, secure: false }];
  const running = await runEtcd(directory, { listen, advertise: [], name: "default", requestBytes: 1_572_864 }, silentLog);
  const store = await openEtcd({ endpoints: running.ports.map(port => ({ url: `http://127.0.0.1:${port}` })), log: silentLog });
  try {
    t.diagnostic(await tried(store, async () => undefined));
  } finally {
    await store.close();
    await running.stop();
    await rm(directory, { recursive: true, force: true });
  }
});
