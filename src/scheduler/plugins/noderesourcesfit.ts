import { MAX_SCORE, type Plugin, type Refusal } from "#scheduler/plugin.ts";

export const nodeResourcesFit: Plugin = {
  name: "NodeResourcesFit",
  weight: 1,
  /** Every resource that is short is named. Final where even the empty node would be too small. */
  filter({ requests }, snapshot) {
    const wanted = Object.entries(requests).filter(([, n]) => n > 0);
    const refusals: Refusal[] = [];
    const codes = new Map<string, number>();
    const codeOf = (reasons: readonly string[], final: boolean) => {
      const text = `${final} ${reasons.join()}`;
      const known = codes.get(text);
      if (known !== undefined) return known;
      const code = refusals.push({ reasons, final });
      codes.set(text, code);
      return code;
    };
    return {
      key: JSON.stringify(wanted),
      refusals,
      fill(rows, out) {
        const { ledger } = snapshot;
        const room = ledger.account("pods").has;
        const accounts = wanted.map(([name, n]) => ({ name, n, ...ledger.account(name) }));
        for (let i = 0; i < rows.length; i++) out[rows[i]!] = ledger.pods[rows[i]!]! + 1 > room[rows[i]!]! ? 1 : 0;
        for (const { n, has, used } of accounts)
          for (let i = 0; i < rows.length; i++) if (n > has[rows[i]!]! - used[rows[i]!]!) out[rows[i]!] = 1;
        for (const row of rows) {
          if (out[row] === 0) continue;
          const lacking = accounts.filter(a => a.n > a.has[row]! - a.used[row]!);
          const reasons = lacking.map(a => `Insufficient ${a.name}`);
          if (ledger.pods[row]! + 1 > room[row]!) reasons.unshift("Too many pods");
          out[row] = codeOf(
            reasons,
            lacking.some(a => a.n > a.has[row]!),
          );
        }
      },
    };
  },
  /** The free shares of CPU and memory, each with weight 1 (upstream's LeastAllocated default). */
  score({ scored }, snapshot) {
    const { cpu = 0, memory = 0 } = scored;
    return {
      key: `${cpu} ${memory}`,
      fill(rows, raw) {
        const { ledger } = snapshot;
        const [hasCpu, hasMemory] = [ledger.account("cpu").has, ledger.account("memory").has];
        const [usedCpu, usedMemory] = [ledger.scored("cpu"), ledger.scored("memory")];
        for (const row of rows) {
          const parts = (hasCpu[row]! > 0 ? 1 : 0) + (hasMemory[row]! > 0 ? 1 : 0);
          const sum = free(hasCpu[row]!, usedCpu[row]! + cpu) + free(hasMemory[row]!, usedMemory[row]! + memory);
          raw[row] = parts === 0 ? 0 : Math.floor(sum / parts);
        }
      },
    };
  },
};

const free = (has: number, used: number) => (has === 0 || used > has ? 0 : Math.floor(((has - used) * MAX_SCORE) / has));
