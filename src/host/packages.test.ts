import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ensurePackages, type Machine, nodePackages } from "./packages.ts";

/** A machine on which nothing is installed, and an apt-get that does what `apt` says. */
function machine(apt: (args: readonly string[]) => { code: number; output: string }, change: Partial<Machine> = {}) {
  const calls: string[] = [];
  const fake: Machine = {
    platform: "linux",
    uid: 0,
    exists: async file => file === "/usr/bin/apt-get",
    async apt(args, line) {
      calls.push(args[0]!);
      const result = apt(args);
      for (const text of result.output.split("\n")) line(text);
      return result;
    },
    disable: async service => void calls.push(`disable ${service}`),
    ...change,
  };
  return { fake, calls };
}
const needs = [
  { package: "containerd", files: ["/bin/containerd"] },
  { package: "crun", files: ["/bin/crun"], optional: true },
];
const done = { code: 0, output: "Get:1 http://somewhere/ crun\nSetting up crun (1.8) ...\nProcessing triggers" };

describe("set-up of packages", () => {
  it("runs nothing when nothing is missing, whoever asks", async () => {
    const { fake, calls } = machine(() => done, { uid: 1000, exists: async () => true });
    assert.deepEqual(await ensurePackages(nodePackages, assert.fail, fake), { ok: true, installed: [] });
    assert.deepEqual(calls, []);
  });
  it("installs what is missing, with a line a step and no source's name in it", async () => {
    const lines: string[] = [];
    const { fake, calls } = machine(() => done);
    assert.deepEqual(await ensurePackages(needs, line => lines.push(line), fake), { ok: true, installed: ["containerd", "crun"] });
    assert.deepEqual(calls, ["install"]);
    assert.deepEqual(lines, ["Installing containerd, crun", "Fetching crun", "Setting up crun (1.8) ..."]);
  });
  it("keeps the service of what it installed from beginning with the machine, not that of what was there", async () => {
    const served = [...needs, { package: "etcd-server", files: ["/bin/etcd"], service: "etcd" }];
    const fresh = machine(() => done);
    await ensurePackages(served, () => {}, fresh.fake);
    assert.deepEqual(fresh.calls, ["install", "disable etcd"]);
    const had = machine(() => done, { exists: async file => file === "/bin/etcd" || file === "/usr/bin/apt-get" });
    await ensurePackages(served, () => {}, had.fake);
    assert.deepEqual(had.calls, ["install"]);
  });
  it("reads the lists only when the first attempt fails, and can do without the optional ones", async () => {
    const { fake, calls } = machine(args => (args.includes("crun") ? { code: 100, output: "E: Unable to locate package crun" } : done));
    assert.equal((await ensurePackages(needs, () => {}, fake)).ok, true);
    assert.deepEqual(calls, ["install", "update", "install", "install"]);
  });
  it("says in a sentence what stands in the way", async () => {
    const reason = async (change: Partial<Machine>, output = "") => {
      const outcome = await ensurePackages(needs, () => {}, machine(() => ({ code: 100, output }), change).fake);
      assert.equal(outcome.ok, false);
      return outcome.ok ? "" : outcome.reason;
    };
    assert.equal(await reason({ platform: "darwin" }), "Containers need Linux; this is darwin.");
    assert.match(await reason({ uid: 1000 }), /^Not root, so the missing packages cannot be installed: containerd, crun\.$/);
    assert.match(await reason({ exists: async () => false }), /^This is no Debian/);
    assert.match(await reason({}, "W: Failed to fetch http://x/ Could not resolve 'x'"), /^No package source answers/);
    assert.match(await reason({}, "E: Could not get lock /var/lib/dpkg/lock-frontend"), /^Another program is installing packages/);
    assert.match(await reason({}, "E: Unable to locate package containerd"), /do not have containerd/);
  });
});
