/** Three control planes on one etcd whose leader hangs, and whose members lose sight of each other: what clients of the API see. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { noEtcd, noNetworks, startEtcd, type TestEtcd } from "../support/etcd.ts";
import { eventually } from "../support/eventually.ts";
import { doorsTo, type Plane, planesOn } from "../support/planes.ts";
import { type PlaneWitness, planeWitness } from "../support/planewitness.ts";

describe("three control planes on an etcd with faults", { skip: noEtcd ?? noNetworks }, () => {
  let etcd: TestEtcd;
  let planes: Plane[] = [];
  let doors: Awaited<ReturnType<typeof doorsTo>> | undefined;
  let directory: string;
  let writing: PlaneWitness;
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "cox-planes-"));
    etcd = await startEtcd({ members: 3, apart: true });
    doors = await doorsTo(etcd);
    planes = await planesOn(directory, doors.urls, ["a", "b", "c"]);
    writing = await planeWitness(planes);
  });
  after(async () => {
    for (const plane of planes) await plane.reset();
    doors?.close();
    await etcd?.dispose();
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  for (const [what, begin, end, seconds] of [
    // SIGSTOP: its connections stand, and it says nothing
    ["hangs for 30 s", "pause", "resume", 30],
    ["is cut off", "cut", "mend", 3],
  ] as const)
    it(`the leader ${what}: each API answers again`, { timeout: 120_000 }, async t => {
      await writing.answered();
      const leader = await eventually("a leader", () => etcd.leader());
      await leader[begin]();
      const began = performance.now();
      const elected = eventually("another leader", () => etcd.leader(leader), 60_000, 20).then(() => performance.now() - began);
      const answered = await writing.answered();
      t.diagnostic(`etcd had another leader after ${Math.round(await elected)} ms; answered after ${answered.join(", ")} ms`);
      // and go on answering, whoever is asked for a sign of life meanwhile
      let longest = 0;
      for (let second = 0; second < seconds; second++) {
        await sleep(1_000);
        longest = Math.max(longest, ...(await writing.answered()));
      }
      t.diagnostic(`meanwhile within ${longest} ms`);
      await leader[end]();
      await sleep(1_000);
      await writing.answered();
    });
  it("a follower is cut off: each API answers", { timeout: 120_000 }, async t => {
    const leader = await eventually("a leader", () => etcd.leader());
    const follower = etcd.members.find(m => m !== leader)!;
    await follower.cut();
    t.diagnostic(`answered after ${(await writing.answered()).join(", ")} ms`);
    await sleep(3_000);
    await writing.answered();
    await follower.mend();
    await writing.answered();
  });
  it("nothing acknowledged is lost, and each watch has seen all events once, in order", { timeout: 120_000 }, async t => {
    t.diagnostic(JSON.stringify(await writing.finish()));
  });
});
