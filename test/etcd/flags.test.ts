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

test("flags come from the environment, and from etcd's configuration file in place of all else", { timeout: 120_000 }, async t => {
  const folder = await mkdtemp(path.join(tmpdir(), "cox-etcdflags-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const put = (endpoint: string, ops: number) =>
    fetch(`${endpoint}/v3/kv/txn`, {
      method: "POST",
      body: JSON.stringify({ success: Array.from({ length: ops }, (_, i) => ({ requestPut: { key: btoa(`k${i}`), value: "" } })) }),
    }).then(response => response.status);
  const env = { ETCD_MAX_TXN_OPS: "2", ETCD_UNHEARD_OF: "1", ETCD_HOST_WHITELIST: "127.0.0.1" };
  const one = await coxEtcd(t, [], "http", env);
  assert.deepEqual([await put(one.endpoint, 2), await put(one.endpoint, 3)], [200, 400]);
  assert.match(one.said, /^cox: unrecognized environment variable: ETCD_UNHEARD_OF$/m);
  const elsewhere = await fetch(`${one.endpoint.replace("127.0.0.1", "localhost")}/version`);
  assert.equal(elsewhere.status, 421);

  const file = path.join(folder, "etcd.yaml");
  const text = `data-dir: ${folder}/data\nlisten-client-urls: http://127.0.0.1:0\nmax-txn-ops: 1\ncors: http://a.example:80\nunheard-of: 1\n`;
  await writeFile(file, text);
  const two = await coxEtcd(t, ["--config-file", file], "http", env);
  assert.deepEqual([await put(two.endpoint, 1), await put(two.endpoint, 2)], [200, 400]);
  assert.match(two.said, /etcd\.yaml: unheard-of: no setting of this store's, and passed over$/m);
  assert.match(two.said, /^cox: --data-dir, --listen-client-urls: passed over, as \S+etcd\.yaml says all$/m);
  const answer = await fetch(`${two.endpoint}/version`, { headers: { origin: "http://a.example:80" } });
  assert.equal(answer.headers.get("access-control-allow-origin"), "http://a.example:80");

  const both = await run(COX, ["etcd", "--name", "a"], { env: { ...process.env, ETCD_NAME: "b" } });
  assert.match(both.stderr, /^cox: ETCD_NAME: conflicting environment variable is shadowed by corresponding command-line flag/);
});
