/** The plugins, in upstream's order: the first that refuses a node gives the reason. Adding one is a file and a line. */
import type { Plugin } from "#scheduler/plugin.ts";
import { interPodAffinity } from "#scheduler/plugins/interpodaffinity.ts";
import { nodeAffinity } from "#scheduler/plugins/nodeaffinity.ts";
import { nodeName } from "#scheduler/plugins/nodename.ts";
import { nodePorts } from "#scheduler/plugins/nodeports.ts";
import { nodeResourcesBalancedAllocation } from "#scheduler/plugins/noderesourcesbalancedallocation.ts";
import { nodeResourcesFit } from "#scheduler/plugins/noderesourcesfit.ts";
import { nodeUnschedulable } from "#scheduler/plugins/nodeunschedulable.ts";
import { podTopologySpread } from "#scheduler/plugins/podtopologyspread.ts";
import { taintToleration } from "#scheduler/plugins/tainttoleration.ts";

export const plugins: readonly Plugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  podTopologySpread,
  interPodAffinity,
  nodeResourcesBalancedAllocation,
];
