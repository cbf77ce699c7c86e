import { type CoxCommand, Refusal } from "#cli/command.ts";
import { layoutFor, withDataDir } from "#cli/datadir.ts";
import { isThere } from "#host/privatefiles.ts";
import { terminal } from "#host/terminal.ts";

/** `cox kubeconfig`: the path of the administrator's kubeconfig. */
export const kubeconfig: CoxCommand = program => {
  withDataDir(program.command("kubeconfig").description("print the path of the administrator's kubeconfig")).action(
    async (flags: { dataDir?: string }) => {
      const layout = layoutFor(flags);
      if (!(await isThere(layout.kubeconfig))) throw new Refusal(`there is no cluster in ${layout.dataDir}: start one with "cox up"`);
      terminal.out(layout.kubeconfig);
    },
  );
};
