/** What a pod costs without Kubernetes: the same CRI calls that a kubelet makes, one after the other, and nothing else. */
import { cri } from "#host/criproto.ts";
import { containerConfig, sandboxConfig } from "#host/crispec.ts";
import type { GrpcClient } from "#host/grpc.ts";
import type { ContainerSpec, SandboxSpec } from "#kubelet/runtime.ts";

export interface BarePods {
  /** Milliseconds from the first call to the last pod's start. */
  readonly wall: number;
  /** Milliseconds of each pod: sandbox, create, start. */
  readonly pods: readonly { readonly sandbox: number; readonly create: number; readonly start: number; readonly total: number }[];
}

/**
 * Starts pods with these specifications, all at once, and takes them down again (not timed). The image must be there.
 */
export async function barePods(client: GrpcClient, pods: readonly { sandbox: SandboxSpec; container: ContainerSpec }[]): Promise<BarePods> {
  const ids: string[] = [];
  const began = performance.now();
  try {
    const timed = await Promise.all(
      pods.map(async ({ sandbox, container }) => {
        const start = performance.now();
        const config = sandboxConfig(sandbox);
        const { podSandboxId } = await client.call(cri.runPodSandbox, { config, runtimeHandler: sandbox.runtimeHandler });
        ids.push(podSandboxId);
        const up = performance.now();
        const request = { podSandboxId, config: containerConfig(sandbox, container), sandboxConfig: config };
        const { containerId } = await client.call(cri.createContainer, request);
        const created = performance.now();
        await client.call(cri.startContainer, { containerId });
        const end = performance.now();
        return { sandbox: up - start, create: created - up, start: end - created, total: end - start };
      }),
    );
    return { wall: performance.now() - began, pods: timed };
  } finally {
    for (const podSandboxId of ids) {
      await client.call(cri.stopPodSandbox, { podSandboxId }).catch(() => {});
      await client.call(cri.removePodSandbox, { podSandboxId }).catch(() => {});
    }
  }
}

/** `rounds` pods, one after the other; the median of their times. */
export async function medianBarePod(
  client: GrpcClient,
  rounds: number,
  pod: (round: number) => { sandbox: SandboxSpec; container: ContainerSpec },
): Promise<BarePods["pods"][number]> {
  const all: BarePods["pods"][number][] = [];
  for (let round = 0; round < rounds; round++) all.push(...(await barePods(client, [pod(round)])).pods);
  const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
  return {
    sandbox: median(all.map(p => p.sandbox)),
    create: median(all.map(p => p.create)),
    start: median(all.map(p => p.start)),
    total: median(all.map(p => p.total)),
  };
}
