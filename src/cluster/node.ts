/** This machine as a node: its runtime, kubelet and proxy, and the process that answers names. */

import type { Handler } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import { type ControlPlane, component } from "#cluster/controlplane.ts";
import { evictionOf } from "#cluster/evictionoptions.ts";
import { serveKubelet } from "#cluster/kubelets.ts";
import type { Layout } from "#cluster/layout.ts";
import { machineNames } from "#cluster/names.ts";
import { ensureNames } from "#cluster/nameservice.ts";
import type { NamedOptions } from "#cluster/options.ts";
import { addressIn } from "#cluster/ranges.ts";
import { whenReady } from "#cluster/ready.ts";
import { KUBERNETES_VERSION } from "#cluster/version.ts";
import { createDnsLoop } from "#dns/loop.ts";
import { hostCgroups } from "#host/cgroups.ts";
import { hostChance } from "#host/chance.ts";
import { hostClock } from "#host/clock.ts";
import { writeCni } from "#host/cni.ts";
import { type Containerd, superviseContainerd } from "#host/containerd.ts";
import { criRuntime } from "#host/cri.ts";
import { installGuard } from "#host/guard.ts";
import { hostMachine } from "#host/machine.ts";
import { nftRules } from "#host/nft.ts";
import { PAUSE_IMAGE } from "#host/pauseimage.ts";
import type { Pki } from "#host/pki.ts";
import { hostLogFiles } from "#host/podlogs.ts";
import { writeAtomically } from "#host/privatefiles.ts";
import { hostProber } from "#host/probe.ts";
import { streamServer } from "#host/streamserver.ts";
import { hostDisk } from "#host/volumes.ts";
import { Namespace } from "#kinds/core/v1/namespace.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import { createKubelet } from "#kubelet/kubelet.ts";
import { NOTHING_RESERVED } from "#kubelet/node.ts";
import { createProxy } from "#proxy/proxy.ts";

export interface NodeParts {
  readonly layout: Layout;
  readonly options: NamedOptions;
  readonly address: string;
  readonly plane: ControlPlane;
  readonly pki: Pki;
  readonly containerd: Containerd;
  readonly log: Log;
}
export interface RunningNode {
  /** The kubelet's own API, for the apiserver of the same process. */
  readonly kubelet: Handler;
  /** Resolves when the node's object says Ready. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** Upstream's port of the kubelet; where it is taken, any. */
const KUBELET_PORT = 10250;
const MAX_PODS = 110;

export async function startNode(parts: NodeParts): Promise<RunningNode> {
  const { layout, options, address, plane, pki, containerd, log } = parts;
  const names = machineNames(options.id);
  const ending = new AbortController();
  await installGuard({ clusterId: options.id, ranges: [options.clusterCidr, options.serviceCidr] });

  const supervision = superviseContainerd({ dataDir: layout.dataDir, log }, containerd, {
    away: reason => log.warn("containerd has gone", { reason }),
    back: pid => log.info("containerd is back", { pid }),
  });
  const runtime = criRuntime({ client: containerd.client });
  let handle: Handler = async () => ({ status: 503, headers: {} });
  const server = await serveKubelet(request => handle(request), address, KUBELET_PORT, pki, log);
  const client = plane.clientAs(component(`node:${options.nodeName}`, "system:nodes"), "kubelet");
  const kubelet = createKubelet(
    {
      node: {
        name: options.nodeName,
        labels: {},
        taints: [],
        addresses: [
          { type: "InternalIP", address },
          { type: "Hostname", address: options.nodeName },
        ],
        port: server.port,
        maxPods: MAX_PODS,
        providerId: "",
        version: KUBERNETES_VERSION,
        reserved: NOTHING_RESERVED,
      },
      root: layout.kubelet,
      logs: layout.logs,
      cgroupRoot: names.cgroupRoot,
      seccompRoot: `${layout.kubelet}/seccomp`,
      dns: { domain: options.clusterDomain, servers: [addressIn(options.serviceCidr, 10)] },
      allowedUnsafeSysctls: [],
      podPidsLimit: undefined,
      keepImages: [PAUSE_IMAGE],
      imageThresholds: { high: 85, low: 80 },
      eviction: evictionOf(options),
    },
    {
      client,
      clock: hostClock,
      chance: hostChance,
      log: log.with({ component: "kubelet" }),
      runtime,
      disk: hostDisk({ privileged: true }),
      logFiles: hostLogFiles,
      cgroups: hostCgroups(),
      machine: hostMachine(),
      prober: hostProber,
      streams: streamServer(runtime),
      reasons: plane.reasons,
    },
  );
  handle = kubelet.handle;
  const running = kubelet.run(ending.signal).catch((error: Error) => {
    if (!ending.signal.aborted) log.error("the kubelet ended", { error: error.stack });
  });
  const { views } = plane;
  const cni = followPodCidr(plane, options.nodeName, layout.dataDir, log);
  const proxy = createProxy({
    nodeName: options.nodeName,
    frame: { table: names.table, clusterCidrs: [options.clusterCidr], serviceCidrs: [options.serviceCidr] },
    services: views.of(Service),
    slices: views.of(EndpointSlice),
    pods: views.of(Pod),
    rules: nftRules(),
    clock: hostClock,
    log: log.with({ component: "proxy" }),
  });
  const dns = createDnsLoop({
    domain: options.clusterDomain,
    namespaces: views.of(Namespace),
    services: views.of(Service),
    slices: views.of(EndpointSlice),
    publish: zone => writeAtomically(layout.zone, JSON.stringify(zone)),
    clock: hostClock,
    log: log.with({ component: "dns" }),
  });
  const administrator = plane.clientAs(component("cox", "system:masters"), "cox");
  await Promise.all([proxy.start(), dns.start(), ensureNames(administrator, layout, options, address, log)]);

  return {
    kubelet: request => kubelet.handle(request),
    ready: whenReady(plane.views, [options.nodeName]),
    async stop() {
      ending.abort();
      supervision.stop();
      cni();
      await Promise.all([running, proxy.stop(), dns.stop()]);
      await server.close(0);
      containerd.client.close();
    },
  };
}

/** The runtime's network follows the range that the node was given. */
function followPodCidr(plane: ControlPlane, name: string, dataDir: string, log: Log): () => void {
  return plane.views.of(Node).onChange(({ object }) => {
    if (object?.metadata.name !== name) return;
    const podCidrs = object.spec.podCIDRs ?? (object.spec.podCIDR ? [object.spec.podCIDR] : []);
    if (podCidrs.length === 0) return;
    writeCni({ dataDir, podCidrs }).catch((error: Error) =>
      log.error("the network's configuration was not written", { error: error.message }),
    );
  });
}
