/** What an etcdctl does with a real etcd and ours side by side: mirrors each way, and a day's less usual commands with the same words from both. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { type Ctl, coxEtcd, ctlOf, type Etcdctl, etcdctls } from "../support/coxetcd.ts";
import { etcdTools, scratchFolder, startEtcd } from "../support/etcdtools.ts";
import { eventually } from "../support/eventually.ts";

if (etcdctls.length === 0) test("beside a real etcd", { skip: "needs etcd (apt-get install etcd-server etcd-client)" }, () => undefined);

interface Side {
  readonly endpoint: string;
  readonly ctl: (input?: string) => Ctl;
}
async function sides(t: TestContext, etcdctl: Etcdctl): Promise<readonly [theirs: Side, ours: Side]> {
  const folder = scratchFolder();
  const tools = etcdTools().find(({ name }) => name === etcdctl.name)!;
  const etcd = await startEtcd(tools, folder.path("data"));
  t.after(async () => {
    await etcd.stop();
    folder.remove();
  });
  const { endpoint } = await coxEtcd(t);
  const sideOf = (at: string): Side => ({ endpoint: at, ctl: input => ctlOf(etcdctl, at, [], input) });
  return [sideOf(etcd.endpoint), sideOf(endpoint)];
}
/** Names, addresses and times of its own are left out. */
async function said(side: Side, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await side.ctl(input)(...args);
  const text = `${args.join(" ")}: ${code}\n${stdout}${stderr}`;
  return text
    .replaceAll(side.endpoint, "ADDRESS")
    .replace(/\b[0-9a-f]{13,16}\b/g, "ID")
    .replace(/ {2,}/g, " ")
    .replace(/cluster version [0-9.]+/, "cluster version")
    .replace(/took( =)? [\d.]+.?s/g, "took TIME");
}

for (const etcdctl of etcdctls) {
  test(`${etcdctl.name}'s etcdctl mirrors from a real etcd to ours, and back`, { timeout: 120_000 }, async t => {
    const [theirs, ours] = await sides(t, etcdctl);
    for (const [from, to, prefix] of [
      [theirs, ours, "one"],
      [ours, theirs, "two"],
    ] as const) {
      const change = async (...args: string[]) => assert.equal((await from.ctl()(...args)).code, 0);
      await change("put", `${prefix}/before`, "1");
      const args = ["--endpoints", from.endpoint, "make-mirror", "--prefix", `${prefix}/`, "--dest-prefix", `copy/${prefix}/`];
      const mirror = spawn(etcdctl.program, [...args, to.endpoint.replace("http://", "")], {
        env: { ...process.env, ETCDCTL_API: "3" },
        stdio: "ignore",
      });
      const ended = once(mirror, "close");
      t.after(() => mirror.kill("SIGKILL"));
      const copied = async () => (await to.ctl()("get", `copy/${prefix}/`, "--prefix")).stdout.trim().split("\n").join(" ");
      await eventually("what was there before", async () => assert.equal(await copied(), `copy/${prefix}/before 1`));
      await change("put", `${prefix}/gone`, "1");
      await change("put", `${prefix}/stays`, "1");
      await change("del", `${prefix}/gone`);
      await from.ctl(`\nput ${prefix}/t1 a\nput ${prefix}/t2 b\ndel ${prefix}/before\n\n\n`)("txn");
      const all = ["stays 1", "t1 a", "t2 b"].map(pair => `copy/${prefix}/${pair}`).join(" ");
      await eventually("what came after", async () => assert.equal(await copied(), all));
      mirror.kill("SIGTERM");
      await ended;
    }
  });

  test(`${etcdctl.name}'s etcdctl hears the same words from a real etcd and from ours`, { timeout: 120_000 }, async t => {
    const both = await sides(t, etcdctl);
    const same = async (args: readonly string[], input?: string) => {
      const [expected, answered] = [await said(both[0], args, input), await said(both[1], args, input)];
      assert.equal(answered, expected);
    };
    await same(["put", "a", "1"]);
    await same(["put", "a", "2"]);
    await same(["lock", "l", "sh", "-c", "echo $ETCD_LOCK_REV; exit 3"]);
    await same(["watch", "-i"], "unheard-of\n");
    await same(["endpoint", "health", "--cluster"]);
    await same(["defrag", "--cluster"]);
    await same(["compaction", "3"]);
    await same(["compaction", "3"]);
    await same(["compaction", "1000"]);
    await same(["get", "a", "--rev=2"]);
    await same(["lease", "revoke", "123"]);
    await same(["lease", "timetolive", "123"]);
    await same(["member", "promote", "123"]);
    await same(["member", "remove", "123"]);
    await same(["member", "update", "123", "--peer-urls=http://127.0.0.1:1"]);
    await same(["member", "add", "m2", "--peer-urls=nonsense"]);
    await same(["move-leader", "123"]);
    await same(["user", "get", "nobody"]);
    await same(["role", "grant-permission", "nobody", "read", "x"]);
    await same(["auth", "enable"]);
    const told: string[] = [];
    for (const side of both) {
      const id = /^[0-9a-f]+/.exec((await side.ctl()("member", "list")).stdout)![0];
      for (const args of [
        ["member", "promote", id],
        ["member", "remove", id],
        ["member", "update", id, "--peer-urls=http://127.0.0.1:2"],
      ])
        told.push((await said(side, args)).replaceAll(id, "ID"));
      assert.match((await side.ctl()("member", "list")).stdout, /, http:\/\/127\.0\.0\.1:2, /);
    }
    assert.deepEqual(told.slice(told.length / 2), told.slice(0, told.length / 2));
    if (!etcdctl.isOld) {
      for (const version of ["3.3", "3.9.0", "nonsense"]) await same(["downgrade", "validate", version]);
      await same(["downgrade", "cancel"]);
    }
    const { stdout } = await both[1].ctl()("get", "--help");
    if (stdout.includes("--stream")) {
      const [plain, parts] = [await both[1].ctl()("get", "a"), await both[1].ctl()("get", "a", "--stream")];
      assert.deepEqual([parts.code, parts.stdout], [0, plain.stdout]);
    }
  });
}
