/** `cox etcd` over TLS with client certificates, whose common name is the user; gRPC and HTTP by one address. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { must, run } from "#host/command.ts";
import { coxEtcd, ctlOf, etcdctls } from "../support/coxetcd.ts";
import { eventually } from "../support/eventually.ts";

const openssl = (await run("openssl", ["version"])).code === 0;
const skip = !openssl ? "needs openssl" : etcdctls.length === 0 ? "needs etcdctl" : undefined;

const make = (...args: string[]) => must("openssl", "openssl", args);
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
/** A folder with an authority `ca`, and a certificate of it for each name: `NAME.crt`, `NAME.key`. It goes with the test. */
async function authority(t: TestContext, leaves: Readonly<Record<string, readonly string[]>>) {
  const folder = await mkdtemp(path.join(tmpdir(), "cox-etcdtls-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const at = (name: string) => path.join(folder, name);
  await make("req", "-x509", ...KEY, "-days", "2", "-subj", "/CN=ca", "-keyout", at("ca.key"), "-out", at("ca.crt"));
  const leaf = async (name: string, more: readonly string[] = []) => {
    const subject = ["-subj", name ? `/CN=${name}` : "/O=nobody"];
    const signed = ["-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-keyout", at(`${name}.key`), "-out", at(`${name}.crt`)];
    await make("req", "-x509", ...KEY, "-days", "2", ...subject, ...more, ...signed);
  };
  for (const [name, more] of Object.entries(leaves)) await leaf(name, more);
  return { at, leaf };
}
const SERVER = ["-addext", "subjectAltName=IP:127.0.0.1"];

test("client certificates are asked for, and say who calls", { skip, timeout: 180_000 }, async t => {
  const { at } = await authority(t, { server: SERVER, ann: [], root: [], "": [] });
  const certificates = ["--cert-file", at("server.crt"), "--key-file", at("server.key")];
  const { endpoint } = await coxEtcd(t, [...certificates, "--client-cert-auth", "--trusted-ca-file", at("ca.crt")], "https");
  const as = (name: string) =>
    ctlOf(etcdctls.at(-1)!, endpoint, ["--cacert", at("ca.crt"), "--cert", at(`${name}.crt`), "--key", at(`${name}.key`)]);
  const well = async (name: string, ...args: string[]) => {
    const { code, stdout, stderr } = await as(name)(...args);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  await well("root", "put", "a", "1");
  await well("root", "role", "add", "reader");
  await well("root", "role", "grant-permission", "reader", "read", "a");
  for (const user of ["root", "ann"]) await well("root", "user", "add", user, "--no-password");
  await well("root", "user", "grant-role", "ann", "reader");
  await well("root", "auth", "enable");
  assert.equal(await well("ann", "get", "a", "--print-value-only"), "1");
  assert.match((await as("ann")("put", "a", "2")).stderr, /etcdserver: permission denied/);
  assert.equal(await well("root", "put", "a", "3"), "OK");

  const curl = (...args: string[]) => run("curl", ["-s", "--cacert", at("ca.crt"), ...args]);
  const certificate = (name: string) => ["--cert", at(`${name}.crt`), "--key", at(`${name}.key`)];
  const own = certificate("root");
  for (const version of ["--http1.1", "--http2"]) {
    assert.match((await curl(version, ...own, `${endpoint}/health`)).stdout, /"health":"true"/, version);
    // The gateway knows users by token alone, and takes no certificate that names one.
    const read = [`${endpoint}/v3/kv/range`, "-d", '{"key":"YQ=="}'];
    const ignored = "CommonName of client sending a request against gateway will be ignored and not used as expected\n";
    assert.equal((await curl(version, ...own, ...read)).stdout, ignored, version);
    const { stdout } = await curl(version, ...certificate(""), ...read);
    assert.equal(JSON.parse(stdout).message, "etcdserver: user name is empty", version);
  }
  assert.notEqual((await curl(`${endpoint}/health`)).code, 0);
});

test("an authority alone makes certificates a must; which, and by what TLS, is said by flags", { skip, timeout: 180_000 }, async t => {
  const { at, leaf } = await authority(t, {
    server: SERVER,
    app: ["-addext", "subjectAltName=DNS:app.example"],
    other: ["-addext", "subjectAltName=DNS:other.example"],
    gone: ["-addext", "subjectAltName=DNS:app.example"],
  });
  await writeFile(at("index.txt"), "");
  await writeFile(at("crlnumber"), "01");
  await writeFile(
    at("ca.conf"),
    `[ca]\ndefault_ca=d\n[d]\ndatabase=${at("index.txt")}\ncrlnumber=${at("crlnumber")}\ndefault_md=sha256\ndefault_crl_days=2\n`,
  );
  const ca = ["ca", "-config", at("ca.conf"), "-keyfile", at("ca.key"), "-cert", at("ca.crt")];
  await make(...ca, "-revoke", at("gone.crt"));
  await make(...ca, "-gencrl", "-out", at("crl.pem"));
  const { endpoint } = await coxEtcd(
    t,
    [
      ...["--cert-file", at("server.crt"), "--key-file", at("server.key"), "--trusted-ca-file", at("ca.crt")],
      ...["--client-crl-file", at("crl.pem"), "--client-cert-allowed-hostname", "app.example"],
      ...["--tls-max-version", "TLS1.2", "--cipher-suites", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"],
    ],
    "https",
  );
  const curl = (name: string, ...more: string[]) => {
    const certificate = name ? ["--cert", at(`${name}.crt`), "--key", at(`${name}.key`)] : [];
    return run("curl", ["-s", "-v", "--cacert", at("ca.crt"), ...certificate, ...more, `${endpoint}/health`]);
  };
  const served = await curl("app");
  assert.match(served.stdout, /"health":"true"/);
  assert.match(served.stderr, /TLSv1\.2 \/ ECDHE-ECDSA-CHACHA20-POLY1305/);
  for (const name of ["", "other", "gone"]) assert.notEqual((await curl(name)).code, 0, name);
  assert.notEqual((await curl("app", "--tlsv1.3")).code, 0);
  assert.notEqual((await curl("app", "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256", "--tls-max", "1.2")).code, 0);

  // a certificate that is put in the other's place is shown without a restart
  const serial = async () =>
    /serial=(\w+)/.exec((await run("openssl", ["x509", "-in", at("server.crt"), "-serial", "-noout"])).stdout)?.[1];
  const before = await serial();
  await leaf("server", SERVER);
  const after = await serial();
  assert.notEqual(after, before);
  const shown = async () => {
    const own = ["-cert", at("app.crt"), "-key", at("app.key")];
    const said = await run("openssl", ["s_client", "-connect", endpoint.slice("https://".length), ...own, "-tls1_2"], { input: "" });
    await writeFile(at("shown.pem"), said.stdout);
    return /serial=(\w+)/.exec((await run("openssl", ["x509", "-in", at("shown.pem"), "-serial", "-noout"])).stdout)?.[1];
  };
  await eventually("the new certificate is shown", async () => assert.equal(await shown(), after));
  assert.match((await curl("app")).stdout, /"health":"true"/);
});

test("https without certificates: one is made, and kept", { skip, timeout: 120_000 }, async t => {
  const first = await coxEtcd(t, ["--auto-tls"], "https");
  const made = path.join(first.folder, "data", "store", "fixtures", "client", "cert.pem");
  const said = await run("curl", ["-s", "--cacert", made, `${first.endpoint}/health`]);
  assert.match(said.stdout, /"health":"true"/, said.stderr);
  assert.notEqual((await run("curl", ["-s", `${first.endpoint}/health`])).code, 0);
});
