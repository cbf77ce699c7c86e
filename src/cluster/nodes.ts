/** The nodes of `cox up`: this machine as one, simulated ones, or ones that stages play. */
import { MASTERS } from "#apiserver/auth/users.ts";
import type { Handler } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import { component } from "#cluster/controlplane.ts";
import { evictionOf } from "#cluster/evictionoptions.ts";
import { byHost, serveKubelet } from "#cluster/kubelets.ts";
import type { Layout } from "#cluster/layout.ts";
import type { NodeParts } from "#cluster/node.ts";
import type { NamedOptions } from "#cluster/options.ts";
import { refuseOverlap } from "#cluster/overlap.ts";
import { settleNodes, simulatedBecause } from "#cluster/prepare.ts";
import type { SimulatedNodes } from "#cluster/simulated.ts";
import { hostChance } from "#host/chance.ts";
import { hostClock } from "#host/clock.ts";
import { type Containerd, startContainerd } from "#host/containerd.ts";
import { containerdPaths } from "#host/containerdconfig.ts";
import { ensurePackages, nodePackages } from "#host/packages.ts";
import type { Stage } from "#stages/stage.ts";

/** Simulated nodes need no address that anyone could reach (RFC 2544's range is nobody's). */
export const SIMULATED_HOST = "198.18.0.1";
export interface RunningNodes {
  /** What to tell when they are ready. */
  readonly says: string;
  kubeletOf(nodeName: string): Handler | undefined;
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}
export interface NodesParts extends Omit<NodeParts, "containerd"> {
  readonly progress: (line: string) => void;
  readonly stages: readonly Stage[] | undefined;
}
/** What a start of containerd came to: never a rejection, as nobody may be waiting yet. */
type Outcome = { readonly containerd: Containerd } | { readonly reason: string };

/** Resolves when it is worth going on: packages are there (or are not to be had), and containerd is starting. */
export async function beginContainerd(
  layout: Layout,
  options: NamedOptions,
  progress: (line: string) => void,
  log: Log,
): Promise<{ readonly outcome: Promise<Outcome> }> {
  const packages = await ensurePackages(nodePackages, progress);
  if (!packages.ok) return { outcome: Promise.resolve({ reason: packages.reason }) };
  await refuseOverlap(options);
  // A path that no socket can have is a person's to mend, not a machine without containers.
  containerdPaths(layout.dataDir);
  const outcome = startContainerd({ dataDir: layout.dataDir, log }).then(
    containerd => ({ containerd }),
    (error: Error) => ({ reason: error.message }),
  );
  return { outcome };
}

/** This machine as a node; simulated ones where a person wants them, or where a first start finds that there can be no containers. */
export async function startNodes(parts: NodesParts, begun: { readonly outcome: Promise<Outcome> } | undefined): Promise<RunningNodes> {
  const { layout, options, address, plane, pki, log, progress, stages } = parts;
  const outcome = await begun?.outcome;
  if (outcome && "containerd" in outcome) {
    const { containerd } = outcome;
    progress(`containerd ${containerd.version} is ready${containerd.adopted ? ", as it was" : ""}`);
    if (!options.settled) await settleNodes(layout, options, false);
    const { startNode } = await import("#cluster/node.ts");
    const node = await startNode({ ...parts, containerd });
    return {
      ...node,
      says: `node ${options.nodeName} is Ready`,
      kubeletOf: name => (name === options.nodeName ? node.kubelet : undefined),
    };
  }
  if (outcome) {
    if (options.settled) throw new Error(outcome.reason);
    progress(simulatedBecause(outcome.reason.replace(/\.$/, "")));
    await settleNodes(layout, options, true);
  }
  const says = `${options.nodes === 1 ? "one simulated node is" : `${options.nodes} simulated nodes are`} Ready`;
  if (stages) {
    const { startStaged } = await import("#cluster/staged.ts");
    const client = plane.clientAs(component("stages", MASTERS), "stages");
    return { ...startStaged({ plane, client, options, clock: hostClock, chance: hostChance, log, stages }), says };
  }
  const [{ startSimulated }, { streamServer }] = await Promise.all([import("#cluster/simulated.ts"), import("#host/streamserver.ts")]);
  const clientFor = (name: string) => plane.clientAs(component(`node:${name}`, "system:nodes"), "kubelet");
  let simulated: SimulatedNodes | undefined;
  // other control planes of the cluster have no other way to them
  const served =
    options.datastoreEndpoint !== undefined && address !== SIMULATED_HOST
      ? await serveKubelet(
          byHost(name => simulated?.kubeletOf(name)),
          address,
          0,
          pki,
          log,
        )
      : undefined;
  const reach = served && { address, port: served.port };
  simulated = startSimulated({
    plane,
    clientFor,
    options,
    clock: hostClock,
    chance: hostChance,
    log,
    streams: streamServer,
    reach,
    eviction: evictionOf(options),
  });
  const { stop } = simulated;
  return {
    ...simulated,
    says,
    async stop() {
      await served?.close(0);
      await stop();
    },
  };
}
