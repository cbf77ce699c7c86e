import { type CoxCommand, jsonOutput, Refusal, refuseEmpty } from "#cli/command.ts";
import { layoutFor, withDataDir } from "#cli/datadir.ts";
import { terminal } from "#host/terminal.ts";
import type { CheckReport } from "#store/check.ts";

/** `cox store check`: reads log and index from head to tail. Ends with 1 when something is wrong, one sentence each. */
export const store: CoxCommand = program => {
  const commands = program.command("store").description("the store's files").hook("preAction", refuseEmpty);
  withDataDir(commands.command("check").description("read all of the store's files and say what is wrong; the cluster may not run"))
    .option("--directory <dir>", "the store's own directory, instead of a cluster's")
    .addOption(jsonOutput("for programs"))
    .action(async (flags: { dataDir?: string; directory?: string; output?: string }) => {
      const { checkedStore } = await import("#host/store.ts");
      const directory = flags.directory === undefined ? layoutFor(flags).store : terminal.absolute(flags.directory);
      const report = await checkedStore(directory).catch((error: Error) => {
        throw new Refusal(error.message);
      });
      terminal.out(flags.output === "json" ? JSON.stringify(report, undefined, 2) : shown(report));
      if (report.findings.length > 0) terminal.exit(1);
    });
};

function shown({ segments, frames, bytes, keys, revision, torn, findings }: CheckReport): string {
  const lines = [`${segments} segments, ${frames} frames, ${bytes} bytes, ${keys ?? "no"} keys, revision ${revision ?? 1}`, ...findings];
  if (torn)
    lines.push(`a crash left ${torn.bytes} bytes of a torn frame in ${torn.file} at offset ${torn.offset}; the next start cuts them off`);
  if (findings.length === 0) lines.push("nothing is wrong");
  return lines.join("\n");
}
