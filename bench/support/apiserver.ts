/** An API server alone, over HTTPS and the store on disk, as a process of its own. Its one argument is a directory; it prints its port. */
import { createControlPlane } from "#cluster/controlplane.ts";
import { useBuffer } from "#host/bytes.ts";
import { hostChance } from "#host/chance.ts";
import { hostClock } from "#host/clock.ts";
import { hostCrypto } from "#host/crypto.ts";
import { hostGzip } from "#host/gzip.ts";
import { streamLog } from "#host/log.ts";
import { ensurePki } from "#host/pki.ts";
import { serveHttps } from "#host/server.ts";
import { openStore } from "#host/store.ts";
import { terminal } from "#host/terminal.ts";

const directory = terminal.args[0] ?? "";
const loopback = "127.0.0.1";
/** What is written into objects; nobody connects to it (RFC 5737). */
const address = "192.0.2.1";
const log = streamLog();
useBuffer();
const store = await openStore(`${directory}/store`);
const pki = await ensurePki(
  `${directory}/pki`,
  {
    nodeName: "bench",
    nodeAddresses: [loopback],
    clusterDomain: "cluster.local",
    serviceAddress: "10.96.0.1",
    server: `https://${loopback}`,
    kubeconfig: `${directory}/kubeconfig`,
  },
  hostClock.now(),
);
// Controllers and scheduler are made but not started: they would be measured too.
const plane = await createControlPlane({
  store,
  clock: hostClock,
  chance: hostChance,
  log,
  signer: hostCrypto.signer(pki.serviceAccount.privateKey),
  clusterDomain: "cluster.local",
  clusterCidr: "10.244.0.0/16",
  serviceCidr: "10.96.0.0/16",
  rootCa: pki.ca,
  address,
  port: 6443,
  platform: terminal.goPlatform,
  gzip: hostGzip,
});
const { certificate: cert, key } = pki.apiserver;
const server = await serveHttps({ handler: plane.apiserver.handle, port: 0, host: loopback, cert, key, clientCa: pki.ca, log });
terminal.out(String(server.port));
terminal.onEnd(() => terminal.exit(0));
