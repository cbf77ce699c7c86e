import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect, createServer, type TLSSocket } from "node:tls";
import { ensurePki, type PkiNames } from "#host/pki.ts";

const DAY = 86_400_000;
async function inFolder(run: (folder: string, names: PkiNames) => Promise<void>): Promise<void> {
  const base = await mkdtemp(join(tmpdir(), "cox-pki-"));
  const names: PkiNames = {
    nodeName: "node-1",
    nodeAddresses: ["192.0.2.7", "2001:db8::7"],
    clusterDomain: "cluster.local",
    serviceAddress: "10.96.0.1",
    server: "https://127.0.0.1:6443",
    kubeconfig: join(base, "kubeconfig"),
  };
  try {
    await run(join(base, "pki"), names);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

test("makes everything once, privately, and finds it again", async () => {
  await inFolder(async (folder, names) => {
    const now = Date.now();
    const first = await ensurePki(folder, names, now);
    assert.ok(first.made.includes("ca.crt") && first.made.includes("sa.key") && first.made.includes("kubeconfig"));
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    assert.equal((await stat(join(folder, "ca.key"))).mode & 0o777, 0o600);

    const server = new X509Certificate(first.apiserver.certificate);
    for (const host of ["localhost", "node-1", "kubernetes", "kubernetes.default", "kubernetes.default.svc.cluster.local"]) {
      assert.equal(server.checkHost(host), host);
    }
    for (const address of ["127.0.0.1", "10.96.0.1", "192.0.2.7", "2001:db8::7"]) assert.equal(server.checkIP(address), address);
    const ca = new X509Certificate(first.ca);
    assert.equal(ca.ca, true);
    assert.equal(server.verify(ca.publicKey), true);
    assert.equal(new X509Certificate(first.kubeletClient.certificate).subject, "O=system:nodes\nCN=system:node:node-1");
    assert.equal(new X509Certificate(first.admin.certificate).subject, "O=system:masters\nCN=kubernetes-admin");

    const again = await ensurePki(folder, names, now);
    assert.deepEqual(again, { ...first, made: [] });
  });
});
test("renews what runs out and what says something else, with the same CA", async () => {
  await inFolder(async (folder, names) => {
    const now = Date.now();
    const first = await ensurePki(folder, names, now);
    const moved = await ensurePki(folder, { ...names, nodeAddresses: ["192.0.2.8"] }, now);
    assert.deepEqual([...moved.made].sort(), ["apiserver.crt", "apiserver.key", "kubelet.crt", "kubelet.key"]);
    assert.equal(moved.ca, first.ca);
    const later = await ensurePki(folder, { ...names, nodeAddresses: ["192.0.2.8"] }, now + 340 * DAY);
    assert.ok(later.made.includes("admin.crt") && later.made.includes("kubeconfig") && !later.made.includes("ca.crt"));
    const old = await ensurePki(folder, names, now + 3300 * DAY);
    assert.ok(old.made.includes("ca.crt") && !old.made.includes("ca.key"));
    assert.ok(new X509Certificate(first.apiserver.certificate).verify(new X509Certificate(old.ca).publicKey));
  });
});
test("a pair cut off half-way is made again; a CA without its key is not replaced", async () => {
  await inFolder(async (folder, names) => {
    await ensurePki(folder, names, Date.now());
    await writeFile(join(folder, "admin.key"), await readFile(join(folder, "kubelet.key")));
    const repaired = await ensurePki(folder, names, Date.now());
    assert.deepEqual([...repaired.made].sort(), ["admin.crt", "admin.key", "kubeconfig"]);
    await rm(join(folder, "ca.key"));
    await assert.rejects(ensurePki(folder, names, Date.now()), /ca\.key is missing or does not belong/);
  });
});
test("both sides of a TLS connection accept the certificates", async () => {
  await inFolder(async (folder, names) => {
    const pki = await ensurePki(folder, names, Date.now());
    const other = await ensurePki(`${folder}-2`, { ...names, kubeconfig: `${names.kubeconfig}-2` }, Date.now());
    const { key, certificate: cert } = pki.apiserver;
    const server = createServer({ key, cert, ca: pki.ca, requestCert: true, rejectUnauthorized: false });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const subjectSeenBy = async (pair: { certificate: string; key: string }, servername: string) => {
      const seen = new Promise<TLSSocket>(resolve => server.once("secureConnection", resolve));
      const client = connect({ host: "127.0.0.1", port, servername, ca: pki.ca, cert: pair.certificate, key: pair.key });
      await new Promise((resolve, reject) => client.once("secureConnect", resolve).once("error", reject));
      const socket = await seen;
      const subject = socket.authorized ? socket.getPeerCertificate().subject.CN : socket.authorizationError;
      client.destroy();
      socket.destroy();
      return String(subject);
    };
    try {
      assert.equal(await subjectSeenBy(pki.admin, "kubernetes.default.svc"), "kubernetes-admin");
      assert.equal(await subjectSeenBy(pki.kubeletClient, "node-1"), "system:node:node-1");
      assert.match(await subjectSeenBy(other.admin, "localhost"), /UNABLE_TO_VERIFY|unable to verify|SELF_SIGNED|certificate/i);
      assert.match(await subjectSeenBy(pki.kubelet, "localhost"), /purpose/i, "a serving certificate is no client's");
    } finally {
      await new Promise(resolve => server.close(resolve));
    }
  });
});
