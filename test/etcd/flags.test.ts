/** `cox etcd` under the command lines that etcd's manifests and unit files have, and with tokens that are signed. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { run } from "#host/command.ts";
import { coxEtcd, ctlOf, etcdctls } from "../support/coxetcd.ts";

const COX = path.join(import.meta.dirname, "..", "..", "cox");
const etcdctl = etcdctls.at(-1);

test("a manifest's flags of a member alone are taken, and a token's key", {
  skip: !etcdctl && "needs etcdctl",
  timeout: 120_000,
}, async t => {
  const folder = await mkdtemp(path.join(tmpdir(), "cox-etcdflags-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const file = path.join(folder, "token.pem");
  await writeFile(file, privateKey);
  const { endpoint } = await coxEtcd(t, [
    "--name=cp-1",
    "--initial-cluster=cp-1=https://192.0.2.1:2380",
    "--initial-advertise-peer-urls=https://192.0.2.1:2380",
    "--listen-peer-urls=https://192.0.2.1:2380",
    "--initial-cluster-state=existing",
    "--peer-cert-file=/etc/kubernetes/pki/etcd/peer.crt",
    "--peer-client-cert-auth=true",
    "--snapshot-count=10000",
    "--experimental-initial-corrupt-check=true",
    "--experimental-watch-progress-notify-interval=5s",
    "--client-cert-auth=false",
    "--bcrypt-cost=4",
    "--max-txn-ops=3",
    `--auth-token=jwt,sign-method=ES256,priv-key=${file},ttl=1m`,
  ]);
  const ctl = ctlOf(etcdctl!, endpoint);
  const says = async (...args: string[]) => {
    const { code, stdout, stderr } = await ctl(...args);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  assert.match(await says("member", "list"), /^[0-9a-f]+, started, cp-1, https:\/\/192\.0\.2\.1:2380, http:/);
  const large = ctlOf(etcdctl!, endpoint, [], `\n${[1, 2, 3, 4].map(i => `put k${i} v`).join("\n")}\n\n\n`);
  assert.match((await large("txn")).stderr, /etcdserver: too many operations in txn request/);
  await says("user", "add", "root:r");
  await says("user", "grant-role", "root", "root");
  await says("auth", "enable");
  assert.equal(await says("--user", "root:r", "put", "a", "1"), "OK");
  assert.equal(await says("--user", "root:r", "get", "a", "--print-value-only"), "1");
  assert.match((await ctl("--user", "root:no", "get", "a")).stderr, /authentication failed, invalid user ID or password/);
});

test("other members, and values that cannot be, are refused in a sentence", async () => {
  for (const [flags, says] of [
    [["--initial-cluster", "a=http://192.0.2.1:2380,b=http://192.0.2.2:2380", "--name", "a"], /^cox: --initial-cluster names b beside a, /],
    [["--auth-token", "jwt,sign-method=RS256"], /^cox: --auth-token: RS256 needs a public or a private key$/],
    [["--auth-token", "jwt,sign-method=RS256,pub-key=/nowhere"], /^cox: --auth-token: \/nowhere: no such file$/],
    [["--data-dir", ""], /^cox: --data-dir is empty$/],
  ] as const) {
    const folder = await mkdtemp(path.join(tmpdir(), "cox-etcdflags-"));
    const { code, stderr } = await run(COX, ["etcd", "--data-dir", folder, "--listen-client-urls", "http://127.0.0.1:0", ...flags]);
    await rm(folder, { recursive: true, force: true });
    assert.equal(code, 1);
    assert.match(stderr.trim(), says);
  }
});
