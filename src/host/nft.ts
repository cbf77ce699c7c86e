/** The proxy's PacketRules by the nft and conntrack programs. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { PacketRules } from "#proxy/ports.ts";

const run = promisify(execFile);

/** Ranges that other tables whose names begin with `prefix` speak of, by table: what other clusters of this machine use. */
export async function rangesOfOthers(prefix: string, own: string): Promise<Map<string, string[]>> {
  const { stdout } = await run("nft", ["list", "tables", "inet"]);
  const tables = [...stdout.matchAll(/^table inet (\S+)$/gm)].map(m => m[1]!).filter(t => t.startsWith(prefix) && !t.startsWith(own));
  const listed = tables.map(async (table): Promise<[string, string[]]> => {
    const listing = await run("nft", ["list", "table", "inet", table], { maxBuffer: 64 * 1024 * 1024 }).catch(() => ({ stdout: "" }));
    return [table, [...new Set(listing.stdout.match(/\b\d+\.\d+\.\d+\.\d+\/\d+\b/g))]];
  });
  return new Map(await Promise.all(listed));
}

/** `enter`: a command prefix that enters the node's network namespace, where the node is not the machine itself. */
export function nftRules(enter: readonly string[] = []): PacketRules {
  const call = (program: string, args: readonly string[]) => {
    const [first = program, ...rest] = [...enter, program, ...args];
    return run(first, rest, { maxBuffer: 64 * 1024 * 1024 });
  };
  return {
    async apply(script) {
      // A file: nft refuses a socket as standard input.
      const dir = await mkdtemp(path.join(tmpdir(), "cox-nft-"));
      try {
        const file = path.join(dir, "rules.nft");
        await writeFile(file, script);
        await call("nft", ["-f", file]);
      } catch (error) {
        throw new Error(`nft refused the rules: ${String((error as { stderr?: string }).stderr || error).trim()}`);
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
    async exists(table) {
      return call("nft", ["list", "table", "inet", table]).then(
        () => true,
        () => false,
      );
    },
    async remove(table) {
      // "add" first, so that a table that is gone already is no error.
      await this.apply(`add table inet ${table}\ndelete table inet ${table}\n`);
    },
    async endFlows(flows) {
      for (const [protocol = "", address = "", port = "", target = ""] of flows) {
        const args = ["-D", "-p", protocol, "--orig-port-dst", port, "--dst-nat", target];
        if (address !== "*") args.push("--orig-dst", address);
        // Exit 1 means that there was none.
        await call("conntrack", args).catch(() => undefined);
      }
    },
  };
}
