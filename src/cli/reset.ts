import { type CoxCommand, Refusal } from "#cli/command.ts";
import { layoutFor, withDataDir } from "#cli/datadir.ts";
import { terminal } from "#host/terminal.ts";

/** `cox reset`: everything of a cluster goes: processes, containers, mounts, rules, interfaces, cgroups, data. */
export const reset: CoxCommand = program => {
  withDataDir(program.command("reset").description("end the cluster and remove everything of it, data included"))
    .option("-y, --yes", "do not ask")
    .action(async (flags: { dataDir?: string; yes?: boolean }) => {
      const layout = layoutFor(flags);
      if (!flags.yes) {
        if (!terminal.isInteractive) throw new Refusal("nobody is there to answer: say --yes to remove the cluster");
        if (!(await terminal.confirm(`Remove the cluster in ${layout.dataDir} with all its data?`)))
          throw new Refusal("nothing was removed");
      }
      const { resetCluster } = await import("#cluster/reset.ts");
      await resetCluster(layout, line => terminal.err(`cox: ${line}`));
      terminal.out(`nothing is left of the cluster in ${layout.dataDir}`);
    });
};
