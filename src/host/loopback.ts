/** An address on loopback for a cluster of this process, with certificates of its own that are nowhere but in memory once it is served. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Handler } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import { hostClock } from "#host/clock.ts";
import { ensurePki } from "#host/pki.ts";
import { readIfThere } from "#host/privatefiles.ts";
import { serveHttps } from "#host/server.ts";

export interface Loopback {
  readonly url: string;
  /** For kubectl and other clients: an administrator's. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}
const NO_PORT = "https://127.0.0.1:0";

/** `port` 0: any that is free. Certificates are valid on the real clock, whatever time the handler has. */
export async function serveOnLoopback(handler: Handler, port: number, log: Log): Promise<Loopback> {
  const folder = await mkdtemp(join(tmpdir(), "coxswain-"));
  try {
    const at = join(folder, "kubeconfig");
    const names = { nodeName: "localhost", nodeAddresses: [], clusterDomain: "cluster.local", serviceAddress: "10.96.0.1" };
    const pki = await ensurePki(join(folder, "pki"), { ...names, server: NO_PORT, kubeconfig: at }, hostClock.now());
    const https = await serveHttps({
      handler: request => handler(unexpiring(request)),
      port,
      host: "127.0.0.1",
      cert: pki.apiserver.certificate,
      key: pki.apiserver.key,
      clientCa: pki.ca,
      log,
    });
    const url = `https://127.0.0.1:${https.port}`;
    const kubeconfig = ((await readIfThere(at)) ?? "").replace(NO_PORT, url);
    return { url, kubeconfig, close: () => https.close(0) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
/** TLS has looked at the certificate's dates already, by the real clock. */
function unexpiring(request: Parameters<Handler>[0]): Parameters<Handler>[0] {
  const { peer } = request;
  if (!peer?.certificate) return request;
  return { ...request, peer: { ...peer, certificate: { ...peer.certificate, notAfter: Number.MAX_SAFE_INTEGER } } };
}
