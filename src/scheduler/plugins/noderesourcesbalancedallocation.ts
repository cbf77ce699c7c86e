import { MAX_SCORE, type Plugin } from "#scheduler/plugin.ts";

/** Prefers nodes whose shares of CPU and memory in use would be alike: 100 less the standard deviation of the shares. */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: "NodeResourcesBalancedAllocation",
  weight: 1,
  score({ requests }, snapshot) {
    const { cpu = 0, memory = 0 } = requests;
    // Pods that ask for nothing change no balance.
    if (cpu === 0 && memory === 0) return undefined;
    return {
      key: `${cpu} ${memory}`,
      fill(rows, raw) {
        const [c, m] = [snapshot.ledger.account("cpu"), snapshot.ledger.account("memory")];
        for (const row of rows) {
          const [hasCpu, hasMemory] = [c.has[row]!, m.has[row]!];
          let deviation = 0;
          // of one resource alone there is no balance
          if (hasCpu > 0 && hasMemory > 0) {
            const a = Math.min(1, (c.used[row]! + cpu) / hasCpu);
            const b = Math.min(1, (m.used[row]! + memory) / hasMemory);
            deviation = Math.abs(a - b) / 2;
          }
          raw[row] = Math.floor((1 - deviation) * MAX_SCORE);
        }
      },
    };
  },
};
