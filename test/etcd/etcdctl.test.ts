/** Unmodified etcdctls against `cox etcd`: Debian's 3.4, and a newer one from the folder that COX_ETCD_BIN names. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { run } from "#host/command.ts";
import { type Ctl, coxEtcd, ctlOf, type Etcdctl, etcdctls } from "../support/coxetcd.ts";

if (etcdctls.length === 0) test("etcdctl", { skip: "needs etcdctl (apt-get install etcd-client)" }, () => undefined);
if (!etcdctls.some(ctl => !ctl.isOld)) test("a current etcdctl", { skip: "COX_ETCD_BIN names no folder with one" }, () => undefined);

/** What it prints, when it ends well. */
async function says(ctl: Ctl, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await ctl(...args);
  assert.equal(code, 0, `etcdctl ${args.join(" ")}: ${stderr}${stdout}`);
  return stdout.trimEnd();
}
/** Its complaint, when it ends badly. */
async function refuses(ctl: Ctl, ...args: string[]): Promise<string> {
  const { code, stderr } = await ctl(...args);
  assert.notEqual(code, 0, `etcdctl ${args.join(" ")} ended well`);
  return stderr.trim().split("\n").at(-1)!;
}
/** Lines of a program that goes on. */
function running(t: TestContext, { program }: Etcdctl, endpoint: string, ...args: string[]) {
  const child = spawn(program, ["--endpoints", endpoint, ...args], { env: { ...process.env, ETCDCTL_API: "3" } });
  const closed = once(child, "close");
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    if (child.exitCode === null) child.kill(signal);
    await closed;
  };
  t.after(() => stop("SIGKILL"));
  child.stderr.resume();
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    return done ? undefined : (value as string);
  };
  return { next, stop };
}

for (const etcdctl of etcdctls) {
  const check = (title: string, body: (t: TestContext, ctl: Ctl, endpoint: string, folder: string) => Promise<void>) =>
    test(`${etcdctl.name}'s etcdctl: ${title}`, { timeout: 180_000 }, async t => {
      const { endpoint, folder } = await coxEtcd(t);
      await body(t, ctlOf(etcdctl, endpoint), endpoint, folder);
    });

  check("put, get, del", async (_, ctl) => {
    assert.equal(await says(ctl, "put", "k1", "v1"), "OK");
    assert.equal(await says(ctl, "put", "k2", "v2"), "OK");
    assert.equal(await says(ctl, "put", "k2", "v3", "--prev-kv"), "OK\nk2\nv2");
    assert.equal(await says(ctl, "get", "k", "--prefix"), "k1\nv1\nk2\nv3");
    assert.equal(await says(ctl, "get", "k", "--prefix", "--keys-only", "--order=DESCEND", "--sort-by=CREATE"), "k2\n\nk1");
    assert.equal(await says(ctl, "get", "k2", "--rev=3", "--print-value-only"), "v2");
    assert.equal(await says(ctl, "get", "k1", "--from-key", "--limit=1"), "k1\nv1");
    const { kvs, count } = JSON.parse(await says(ctl, "get", "k", "--prefix", "-w", "json"));
    assert.equal(count, 2);
    assert.deepEqual(kvs[1], { key: "azI=", create_revision: 3, mod_revision: 4, version: 2, value: "djM=" });
    assert.equal(await says(ctl, "put", "k2", "--ignore-value", "--lease=0"), "OK");
    assert.equal(await refuses(ctl, "put", "none", "--ignore-value"), "Error: etcdserver: key not found");
    assert.equal(await refuses(ctl, "put", "", "x"), "Error: etcdserver: key is not provided");
    assert.equal(await says(ctl, "del", "k1", "--prev-kv"), "1\nk1\nv1");
    assert.equal(await says(ctl, "del", "k", "--prefix"), "1");
    assert.equal(await refuses(ctl, "get", "k2", "--rev=99"), "Error: etcdserver: mvcc: required revision is a future revision");
  });

  check("txn", async (_, ctl, endpoint) => {
    await says(ctl, "put", "k", "v");
    const txn = (text: string) => says(ctlOf(etcdctl, endpoint, [], text), "txn");
    assert.equal(await txn('value("k") = "v"\nmod("k") > "1"\n\nput a yes\nget k\n\nput a no\n\n'), "SUCCESS\n\nOK\n\nk\nv");
    assert.equal(await txn('create("none") > "0"\n\nput a yes\n\nget a\ndel a\n\n'), "FAILURE\n\na\nyes\n\n1");
  });

  check("watch: from now, from the past, with what was before", async (t, ctl, endpoint) => {
    await says(ctl, "put", "w/a", "1");
    await says(ctl, "put", "w/a", "2");
    await says(ctl, "del", "w/a");
    const past = running(t, etcdctl, endpoint, "watch", "w/", "--prefix", "--rev=2", "--prev-kv");
    const seen: (string | undefined)[] = [];
    while (!seen.includes("DELETE")) seen.push(await past.next());
    const told = seen.filter(line => line !== "");
    assert.deepEqual(told, ["PUT", "w/a", "1", "PUT", "w/a", "1", "w/a", "2", "DELETE"]);
    await past.stop();
    await says(ctl, "compaction", "4");
    const lost = await ctl("watch", "w/", "--prefix", "--rev=2");
    assert.match(lost.stderr, /required revision has been compacted/);
  });

  check("lease", async (_, ctl) => {
    const granted = /^lease ([0-9a-f]{16}) granted with TTL\(100s\)$/.exec(await says(ctl, "lease", "grant", "100"));
    const id = granted?.[1];
    assert.ok(id);
    await says(ctl, "put", `--lease=${id}`, "lk", "v");
    const left = await says(ctl, "lease", "timetolive", id, "--keys");
    assert.match(left, new RegExp(`^lease ${id} granted with TTL\\(100s\\), remaining\\(\\d+s\\), attached keys\\(\\[lk\\]\\)$`));
    assert.equal(await says(ctl, "lease", "list"), `found 1 leases\n${id}`);
    assert.equal(await says(ctl, "lease", "keep-alive", "--once", id), `lease ${id} keepalived with TTL(100)`);
    assert.equal(await says(ctl, "lease", "revoke", id), `lease ${id} revoked`);
    assert.equal(await says(ctl, "get", "lk"), "");
    assert.match(await says(ctl, "lease", "timetolive", id), /already expired/);
    assert.match(await refuses(ctl, "lease", "revoke", id), /etcdserver: requested lease not found/);
    assert.equal(await refuses(ctl, "put", `--lease=${id}`, "lk", "v"), "Error: etcdserver: requested lease not found");
  });

  check("lock and elect", async (t, ctl, endpoint) => {
    const first = running(t, etcdctl, endpoint, "lock", "l");
    const held = await first.next();
    assert.match(held!, /^l\/[0-9a-f]+$/);
    const second = running(t, etcdctl, endpoint, "lock", "l");
    const place = second.next();
    await first.stop();
    assert.notEqual(await place, held);
    await second.stop();
    assert.equal(await says(ctl, "lock", "l", "echo", "locked"), "locked");

    const leader = running(t, etcdctl, endpoint, "elect", "e", "one");
    assert.match((await leader.next())!, /^e\/[0-9a-f]+$/);
    assert.equal(await leader.next(), "one");
    const listener = running(t, etcdctl, endpoint, "elect", "-l", "e");
    assert.match((await listener.next())!, /^e\//);
    assert.equal(await listener.next(), "one");
    const other = running(t, etcdctl, endpoint, "elect", "e", "two");
    const won = other.next();
    await leader.stop();
    assert.match((await won)!, /^e\//);
    assert.match((await listener.next())!, /^e\//);
    assert.equal(await listener.next(), "two");
  });

  check("compaction, defrag, hashkv, status, health, members, alarms", async (_, ctl, endpoint) => {
    for (let i = 0; i < 5; i++) await says(ctl, "put", "k", String(i));
    assert.equal(await says(ctl, "compaction", "4", "--physical"), "compacted revision 4");
    const compacted = "Error: etcdserver: mvcc: required revision has been compacted";
    assert.equal(await refuses(ctl, "compaction", "4"), compacted);
    assert.equal(await refuses(ctl, "get", "k", "--rev=3"), compacted);
    assert.equal(await refuses(ctl, "compaction", "99"), "Error: etcdserver: mvcc: required revision is a future revision");
    assert.match(await says(ctl, "defrag"), /^Finished defragmenting etcd member\[/);
    assert.equal(await says(ctl, "endpoint", "hashkv"), await says(ctl, "endpoint", "hashkv"));
    const [status] = JSON.parse(await says(ctl, "endpoint", "status", "-w", "json"));
    assert.equal(status.Status.leader, status.Status.header.member_id);
    assert.equal(status.Status.header.revision, 6);
    assert.ok(status.Status.dbSize > 0);
    const health = await ctl("endpoint", "health");
    assert.match(health.stdout + health.stderr, /is healthy: successfully committed proposal/);
    assert.match(
      await says(ctl, "member", "list"),
      new RegExp(`^[0-9a-f]+, started, default, , ${endpoint.replace(/\d+$/, "\\d+")}, false$`),
    );
    assert.equal(await says(ctl, "alarm", "list"), "");
    assert.equal(await says(ctl, "alarm", "disarm"), "");
    assert.match(await refuses(ctl, "move-leader", "1"), /etcdserver: bad leader transferee/);
    assert.match(await refuses(ctl, "member", "add", "two", "--peer-urls=http://127.0.0.1:1"), /not enough started members/);
  });

  check("snapshot save", async (_, ctl, __, folder) => {
    for (let i = 0; i < 20; i++) await says(ctl, "put", `k${i}`, "v");
    await says(ctl, "snapshot", "save", `${folder}/snapshot.db`);
    const status = await run(etcdctl.restore, ["snapshot", "status", `${folder}/snapshot.db`, "-w", "json"], { env: { ETCDCTL_API: "3" } });
    assert.equal(JSON.parse(status.stdout).revision, 21, status.stderr);
  });

  check("users and roles", async (_, ctl, endpoint) => {
    const as = (user: string) => ctlOf(etcdctl, endpoint, ["--user", user]);
    assert.equal(await says(ctl, "role", "add", "reader"), "Role reader created");
    assert.equal(await refuses(ctl, "role", "add", "reader"), "Error: etcdserver: role name already exists");
    await says(ctl, "role", "grant-permission", "reader", "read", "a/", "--prefix");
    await says(ctl, "role", "grant-permission", "reader", "readwrite", "own");
    assert.match(await says(ctl, "role", "get", "reader"), /KV Read:\n\t\[a\/, a0\) \(prefix a\/\)\n\town\nKV Write:\n\town$/);
    await says(ctl, "user", "add", "root:secret");
    await says(ctl, "user", "add", "ann:pw");
    assert.equal(await says(ctl, "user", "grant-role", "ann", "reader"), "Role reader is granted to user ann");
    assert.equal(await says(ctl, "user", "get", "ann"), "User: ann\nRoles: reader");
    assert.match(await refuses(ctl, "user", "get", "bob"), /etcdserver: user name not found/);
    await says(ctl, "put", "a/x", "1");
    await says(ctl, "put", "own", "1");
    assert.equal(await says(ctl, "auth", "enable"), "Authentication Enabled");

    const denied = "Error: etcdserver: permission denied";
    assert.equal(await refuses(ctl, "get", "a/x"), "Error: etcdserver: user name is empty");
    const ann = as("ann:pw");
    assert.equal(await says(ann, "get", "a/", "--prefix"), "a/x\n1");
    assert.equal(await says(ann, "put", "own", "2"), "OK");
    assert.equal(await refuses(ann, "put", "a/x", "2"), denied);
    assert.equal(await refuses(ann, "get", "", "--from-key"), denied);
    assert.equal(await refuses(ann, "user", "list"), denied);
    assert.equal(await refuses(ann, "compaction", "2"), denied);
    assert.match((await ann("watch", "b")).stderr, /etcdserver: permission denied/);
    const txn = ctlOf(etcdctl, endpoint, ["--user", "ann:pw"], 'value("own") = "2"\n\nput a/x 3\n\nget own\n\n');
    assert.equal(await refuses(txn, "txn"), denied);
    assert.match(await refuses(as("ann:wrong"), "get", "a/x"), /authentication failed, invalid user ID or password/);
    const root = as("root:secret");
    assert.equal(await says(root, "user", "list"), "ann\nroot");
    assert.equal(await says(root, "get", "a/x", "--print-value-only"), "1");
    assert.equal(await refuses(root, "user", "delete", "root"), "Error: etcdserver: invalid auth management");
    await says(root, "role", "revoke-permission", "reader", "a/", "--prefix");
    assert.equal(await refuses(ann, "get", "a/x"), denied);
    await says(root, "user", "delete", "ann");
    assert.match(await refuses(ann, "get", "own"), /authentication failed/);
    assert.equal(await says(root, "auth", "disable"), "Authentication Disabled");
    assert.equal(await says(ctl, "get", "own", "--print-value-only"), "2");
  });
}

const last = etcdctls.at(-1);
// It takes a minute, whatever the store: once is enough.
test("etcdctl: check perf", { skip: !last, timeout: 240_000 }, async t => {
  const { endpoint } = await coxEtcd(t);
  const { stdout, stderr } = await ctlOf(last!, endpoint)("check", "perf", "--load=s");
  // Whether this machine is fast enough is not the question.
  const said = (stdout + stderr).replace(/^.*\r/gm, "");
  assert.match(said, /(PASS|FAIL): Throughput/);
});
