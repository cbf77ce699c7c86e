/** A store over three members of a real etcd, while they die, hang and lose sight of each other. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { silentLog } from "#base/log.ts";
import { openEtcd } from "#host/etcd.ts";
import type { Store } from "#store/contract.ts";
import { noEtcd, noNetworks, startEtcd, type TestEtcd } from "../support/etcd.ts";
import { eventually } from "../support/eventually.ts";
import { type Witness, witness } from "../support/witness.ts";

describe("three members", { skip: noEtcd ?? noNetworks }, () => {
  let etcd: TestEtcd;
  let store: Store;
  let writing: Witness;
  before(async () => {
    etcd = await startEtcd({ members: 3, apart: true, heartbeat: 50, election: 500 });
    store = await openEtcd({ endpoints: etcd.urls.map(url => ({ url })), log: silentLog });
    writing = await witness(store, 4);
  });
  after(async () => {
    await store?.close();
    await etcd?.dispose();
  });
  /** Resolves when writes are acknowledged again. */
  const writesGoOn = async () => {
    const before = writing.acknowledged;
    await eventually("writes go on", () => assert.ok(writing.acknowledged > before + 20), 60_000, 20);
  };

  it("one is killed and brought back", async t => {
    await writesGoOn();
    for (const member of etcd.members) {
      await member.kill();
      const began = performance.now();
      await writesGoOn();
      t.diagnostic(`${member.name} killed: writes went on after ${Math.round(performance.now() - began)} ms`);
      member.start();
      await writesGoOn();
      // no second one dies before the first is back
      await sleep(1500);
    }
  });
  it("the leader is paused, and wakes up behind the others", async t => {
    const leader = await eventually("a leader", () => etcd.leader());
    leader.pause();
    const began = performance.now();
    const elected = eventually("another leader", () => etcd.leader(leader), 60_000, 20).then(() => performance.now() - began);
    await writesGoOn();
    const ms = performance.now() - began;
    t.diagnostic(`etcd had another leader after ${Math.round(await elected)} ms, and writes went on after ${Math.round(ms)} ms`);
    await sleep(4_000);
    leader.resume();
    await writesGoOn();
  });
  it("the network is cut between the leader and the others, then between a follower and the others", async t => {
    for (const leads of [true, false]) {
      const leader = await eventually("a leader", () => etcd.leader());
      const cut = leads ? leader : etcd.members.find(m => m !== leader)!;
      await cut.cut();
      const began = performance.now();
      await writesGoOn();
      t.diagnostic(`${leads ? "the leader" : "a follower"} cut off: writes went on after ${Math.round(performance.now() - began)} ms`);
      await sleep(2_000);
      await writesGoOn();
      await cut.mend();
      await sleep(1_000);
      await writesGoOn();
    }
  });
  it("nothing acknowledged is lost, and the watch has seen every revision once", async t => {
    t.diagnostic(JSON.stringify(await writing.finish()));
  });
});
