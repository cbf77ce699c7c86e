/** The cluster's names: the process that answers them, and the Service kube-dns that leads to it. */
import type { Log } from "#base/log.ts";
import { reasonOf } from "#base/status.ts";
import type { Client } from "#client/client.ts";
import type { Layout } from "#cluster/layout.ts";
import type { NamesOptions } from "#cluster/namesprocess.ts";
import type { NamedOptions } from "#cluster/options.ts";
import { addressIn } from "#cluster/ranges.ts";
import { startDetached } from "#host/daemon.ts";
import { IDLE_FLAGS } from "#host/idle.ts";
import { makePrivateFolder } from "#host/privatefiles.ts";
import { lastPort, readRunFile } from "#host/runfile.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import type { KubeObject } from "#kinds/kind.ts";

/** It holds one zone and makes little garbage; the middle one of V8's compilers is 3 MiB of code that it does not miss. */
const SMALL = ["--max-semi-space-size=1", "--max-old-space-size=256", "--no-maglev", ...IDLE_FLAGS];
const NAMESPACE = "kube-system";
const NAME = "kube-dns";

/** Starts the process unless it runs already, and makes Service and EndpointSlice say where it is. */
export async function ensureNames(client: Client, layout: Layout, options: NamedOptions, address: string, log: Log): Promise<void> {
  await makePrivateFolder(layout.dnsFolder);
  let run = readRunFile(layout.dnsRun);
  if (!run) {
    const argument: NamesOptions = {
      zoneFile: layout.zone,
      runFile: layout.dnsRun,
      logFile: layout.dnsLog,
      address,
      port: lastPort(layout.dnsRun),
    };
    const pid = await startDetached(
      import.meta.resolve("#cluster/namesprocess.ts"),
      argument,
      layout.dnsLog,
      line => log.info(line),
      SMALL,
    );
    run = readRunFile(layout.dnsRun);
    log.info("names are answered", { pid, address: run?.address });
  }
  const port = lastPort(layout.dnsRun);
  const apply = async (object: KubeObject, kind: typeof Service | typeof EndpointSlice) => {
    try {
      await client.patch(kind as typeof Service, object.metadata.name ?? "", "apply", object, {
        namespace: NAMESPACE,
        fieldManager: "cox",
        force: true,
      });
    } catch (error) {
      if (reasonOf(error) !== "Conflict") throw error;
    }
  };
  const labels = { "k8s-app": NAME, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" };
  const ports = ["UDP", "TCP"].map(protocol => ({ name: protocol === "UDP" ? "dns" : "dns-tcp", protocol, port: 53 }));
  await apply(
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: NAME, namespace: NAMESPACE, labels },
      spec: { clusterIP: addressIn(options.serviceCidr, 10), ports },
    } as KubeObject,
    Service,
  );
  await apply(
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: `${NAME}-${options.nodeName}`,
        namespace: NAMESPACE,
        labels: { "kubernetes.io/service-name": NAME, "endpointslice.kubernetes.io/managed-by": "cox" },
      },
      addressType: "IPv4",
      ports: ports.map(p => ({ ...p, port })),
      endpoints: [{ addresses: [address], nodeName: options.nodeName, conditions: { ready: true, serving: true, terminating: false } }],
    } as KubeObject,
    EndpointSlice,
  );
}
