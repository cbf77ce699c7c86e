import type { CoxCommand } from "#cli/command.ts";
import { layoutFor, withDataDir } from "#cli/datadir.ts";
import { endRun, readRunFile } from "#host/runfile.ts";
import { terminal } from "#host/terminal.ts";

const PATIENCE_MS = 30_000;

/** `cox down`: the control plane and the kubelet end; containers, service addresses and names go on. */
export const down: CoxCommand = program => {
  const says = "stop the control plane and the kubelet; containers, service addresses and names go on";
  withDataDir(program.command("down").description(says)).action(async (flags: { dataDir?: string }) => {
    const layout = layoutFor(flags);
    const run = readRunFile(layout.run);
    if (!run) return terminal.out(`nothing runs in ${layout.dataDir}`);
    const { readSettled } = await import("#cluster/prepare.ts");
    const simulated = (await readSettled(layout))?.simulated === true;
    await endRun(run, PATIENCE_MS);
    terminal.out(simulated ? "stopped, simulated nodes included" : "stopped; containers, service addresses and names go on");
  });
};
