import { MAX_SCORE, type Plugin } from "#scheduler/plugin.ts";

/** Prefers nodes whose shares of CPU and memory in use would be alike: 100 less the standard deviation of the shares. */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: "NodeResourcesBalancedAllocation",
  weight: 1,
  score({ requests }) {
    // Pods that ask for nothing change no balance.
    if (!requests.cpu && !requests.memory) return undefined;
    return {
      score: node => {
        const share = (name: string) => {
          const has = node.allocatable[name] ?? 0;
          return has === 0 ? undefined : Math.min(1, ((node.requested[name] ?? 0) + (requests[name] ?? 0)) / has);
        };
        const shares = [share("cpu"), share("memory")].filter(s => s !== undefined);
        const deviation = shares.length === 2 ? Math.abs(shares[0]! - shares[1]!) / 2 : 0;
        return Math.floor((1 - deviation) * MAX_SCORE);
      },
    };
  },
};
