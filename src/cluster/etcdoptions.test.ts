import assert from "node:assert/strict";
import { test } from "node:test";
import { type EtcdFlags, optionsOf } from "./etcdoptions.ts";

const FLAGS: EtcdFlags = {
  listenClientUrls: "http://127.0.0.1:2379",
  name: "m1",
  quotaBackendBytes: "0",
  maxRequestBytes: "1572864",
  autoCompactionMode: "periodic",
  autoCompactionRetention: "0",
  maxTxnOps: "128",
  watchProgressNotifyInterval: "10m",
  authToken: "simple",
  authTokenTtl: "300",
  bcryptCost: "10",
  cors: "*",
  hostWhitelist: "*",
  selfSignedCertValidity: "1",
  cipherSuites: "",
  tlsMinVersion: "TLS1.2",
  tlsMaxVersion: "",
};
const HTTPS = { ...FLAGS, listenClientUrls: "https://127.0.0.1:2379", certFile: "a.crt", keyFile: "a.key" };

test("etcd's flags about TLS", () => {
  assert.equal(optionsOf(FLAGS).tls, undefined);
  const own = { certFile: "a.crt", keyFile: "a.key" };
  const plain = { own, years: 1, clientCertAuth: false, minVersion: "TLSv1.2", maxVersion: "TLSv1.3" };
  assert.deepEqual(optionsOf(HTTPS).tls, plain);
  const all = {
    trustedCaFile: "ca.crt",
    clientCrlFile: "crl.pem",
    clientCertAllowedHostname: "app.example",
    clientCertAuth: true,
    cipherSuites: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    tlsMaxVersion: "TLS1.2",
  };
  assert.deepEqual(optionsOf({ ...HTTPS, ...all }).tls, {
    ...plain,
    caFile: "ca.crt",
    crlFile: "crl.pem",
    allowedHostname: "app.example",
    clientCertAuth: true,
    ciphers:
      "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
    maxVersion: "TLSv1.2",
  });
  const { certFile: _c, keyFile: _k, ...bare } = HTTPS;
  const { own: _o, ...made } = plain;
  assert.deepEqual(optionsOf({ ...bare, autoTls: "true", selfSignedCertValidity: "3" }).tls, { ...made, years: 3 });
  for (const [flags, says] of [
    [{ ...bare }, /^an https:\/\/ address needs --cert-file and --key-file, or --auto-tls$/],
    [{ ...HTTPS, clientCertAuth: true }, /^--client-cert-auth needs --trusted-ca-file$/],
    [{ ...HTTPS, clientCrlFile: "crl.pem" }, /^--client-crl-file needs --trusted-ca-file$/],
    [{ ...HTTPS, clientCertAllowedHostname: "a" }, /^--client-cert-allowed-hostname needs --trusted-ca-file$/],
    [{ ...HTTPS, tlsMinVersion: "TLS1.1" }, /^--tls-min-version TLS1.1: neither TLS1.2 nor TLS1.3$/],
    [{ ...HTTPS, tlsMinVersion: "TLS1.3", tlsMaxVersion: "TLS1.2" }, /^--tls-min-version TLS1.3 is greater than --tls-max-version TLS1.2$/],
    [{ ...HTTPS, cipherSuites: "RC4" }, /^--cipher-suites RC4: none of TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, /],
    [
      { ...HTTPS, tlsMinVersion: "TLS1.3", cipherSuites: all.cipherSuites },
      /^--cipher-suites: cipher suites cannot be configured when only TLS1\.3 is enabled$/,
    ],
    [{ ...HTTPS, selfSignedCertValidity: "0" }, /^--self-signed-cert-validity 0: not a number from 1 to 100$/],
    [{ ...HTTPS, autoTls: "si" }, /^--auto-tls si: neither true nor false$/],
  ] as const)
    assert.throws(() => optionsOf(flags), { message: says });
});

test("etcd's flags: peers of a member alone, tokens, metrics, and Go's way of saying true", () => {
  const options = optionsOf({
    ...FLAGS,
    initialCluster: "m1=http://10.0.0.1:2380",
    initialClusterState: "existing",
    initialAdvertisePeerUrls: "http://10.0.0.1:2380",
    listenPeerUrls: "http://10.0.0.1:2380",
    listenMetricsUrls: "http://127.0.0.1:2381",
    experimentalWatchProgressNotifyInterval: "5s",
    authToken: "jwt,sign-method=ES384,priv-key=a.pem,ttl=90s",
    clientCertAuth: "false",
    autoCompactionRetention: "2",
  });
  assert.deepEqual(options.peers, ["http://10.0.0.1:2380"]);
  assert.deepEqual(options.metrics, [{ host: "127.0.0.1", port: 2381, secure: false }]);
  assert.equal(options.watchQuiet, 5000);
  assert.deepEqual(options.tokens, { kind: "jwt", life: 90_000, method: "ES384", publicFile: undefined, privateFile: "a.pem" });
  assert.deepEqual(options.compaction, { mode: "periodic", retention: 7_200_000 });
  assert.deepEqual(optionsOf(FLAGS).tokens, { kind: "simple", life: 300_000 });
});

test("a flag's value that cannot be is refused in a sentence that names the flag", () => {
  for (const [flags, says] of [
    [
      { initialCluster: "m1=http://a:1,m2=http://b:1" },
      /^--initial-cluster names m2 beside m1, and this store is one member alone: for several/,
    ],
    [{ initialCluster: "m1" }, /^--initial-cluster m1: not of the form NAME=URL$/],
    [{ initialClusterState: "old" }, /^--initial-cluster-state old: neither new nor existing$/],
    [{ listenPeerUrls: "bad" }, /^--listen-peer-urls bad: not an address like/],
    [{ clientCertAuth: "yes" }, /^--client-cert-auth yes: neither true nor false$/],
    [{ maxTxnOps: "0" }, /^--max-txn-ops 0: not a number from 1 to 100000$/],
    [{ bcryptCost: "31" }, /^--bcrypt-cost 31: not a number from 4 to 16$/],
    [{ authTokenTtl: "5m" }, /^--auth-token-ttl 5m: not a number from 1 on$/],
    [{ authToken: "paseto" }, /^--auth-token paseto: neither simple nor jwt$/],
    [{ authToken: "jwt,sign-method=none" }, /^--auth-token sign-method=none: none of RS256 to RS512/],
    [{ authToken: "jwt,key=a" }, /^--auth-token key=a: none of pub-key=FILE/],
    [{ authToken: "jwt,sign-method=RS256,ttl=x" }, /^--auth-token ttl x: not a time like/],
    [{ watchProgressNotifyInterval: "0s" }, /^--watch-progress-notify-interval 0s: not a time like/],
  ] as const)
    assert.throws(() => optionsOf({ ...FLAGS, ...flags }), { name: "OptionError", message: says });
});
