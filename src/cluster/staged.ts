/** Nodes that stages play, as kwok does: thousands in one process, without kubelets. */
import type { Chance } from "#base/chance.ts";
import { parseCidr } from "#base/cidr.ts";
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Client } from "#client/client.ts";
import type { Reasons } from "#client/reasons.ts";
import type { Views } from "#client/views.ts";
import type { ClusterOptions } from "#cluster/options.ts";
import type { PlayedNodes } from "#cluster/played.ts";
import { NODE_RANGE } from "#cluster/ranges.ts";
import { whenReady } from "#cluster/ready.ts";
import { MACHINE, simulatedNames } from "#cluster/simulated.ts";
import { KUBERNETES_VERSION } from "#cluster/version.ts";
import { Traffic } from "#sim/traffic.ts";
import type { Stage } from "#stages/stage.ts";
import { createStages } from "#stages/stages.ts";

export interface StagedParts {
  readonly stages: readonly Stage[];
  readonly plane: { readonly views: Views; readonly reasons: Reasons };
  /** With all rights: stages may write any kind. */
  readonly client: Client;
  readonly options: Pick<ClusterOptions, "nodes" | "nodeName">;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  /** Nodes whose machines have no power at first. */
  readonly off?: readonly string[] | undefined;
}

export function startStaged(parts: StagedParts): PlayedNodes {
  const { plane, clock, chance, log } = parts;
  const names = simulatedNames(parts.options);
  const played = createStages({
    stages: parts.stages,
    nodes: names.map(name => ({ name, ...MACHINE })),
    client: parts.client,
    views: plane.views,
    reasons: plane.reasons,
    clock,
    chance,
    log,
    version: KUBERNETES_VERSION,
    nodeRange: parseCidr(NODE_RANGE)!,
  });
  for (const name of parts.off ?? []) played.power(name, false);
  const started = played.start();
  const ready = Promise.all([
    started,
    whenReady(
      plane.views,
      names.filter(name => played.isOn(name)),
    ),
  ]).then(() => undefined);
  return {
    names,
    node(name) {
      if (!names.includes(name)) throw new Error(`no node is called "${name}"`);
      const power = (on: boolean) => () => played.power(name, on);
      return {
        name,
        get isOn() {
          return played.isOn(name);
        },
        get kubeletRuns() {
          return played.isOn(name);
        },
        stop: power(false),
        start: power(true),
        stopKubelet: power(false),
        startKubelet: power(true),
      };
    },
    kubeletOf: name => played.kubeletOf(name),
    busy: () => played.busy(),
    machines: () => ({}),
    // what only its object describes serves nothing
    traffic: new Traffic(clock, () => undefined),
    all: [],
    ready,
    async stop() {
      await started;
      await played.stop();
    },
  };
}
