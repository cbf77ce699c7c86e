/** `cox etcd` over TLS with client certificates, whose common name is the user; gRPC and HTTP by one address. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { must, run } from "#host/command.ts";
import { coxEtcd, ctlOf, etcdctls } from "../support/coxetcd.ts";

const openssl = (await run("openssl", ["version"])).code === 0;
const skip = !openssl ? "needs openssl" : etcdctls.length === 0 ? "needs etcdctl" : undefined;

test("client certificates are asked for, and say who calls", { skip, timeout: 180_000 }, async t => {
  const folder = await mkdtemp(path.join(tmpdir(), "cox-etcdtls-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const at = (name: string) => path.join(folder, name);
  const make = (...args: string[]) => must("openssl", "openssl", args);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  await make("req", "-x509", ...key, "-days", "2", "-subj", "/CN=ca", "-keyout", at("ca.key"), "-out", at("ca.crt"));
  for (const [name, more] of [
    ["server", ["-addext", "subjectAltName=IP:127.0.0.1"]],
    ["ann", []],
    ["root", []],
    ["", []],
  ] as const) {
    const signed = ["-CA", at("ca.crt"), "-CAkey", at("ca.key")];
    await make(
      "req",
      "-x509",
      ...key,
      "-days",
      "2",
      "-subj",
      name ? `/CN=${name}` : "/O=nobody",
      ...more,
      ...signed,
      "-keyout",
      at(`${name}.key`),
      "-out",
      at(`${name}.crt`),
    );
  }
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
