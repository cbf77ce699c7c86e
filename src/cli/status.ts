import { type CoxCommand, jsonOutput } from "#cli/command.ts";
import { layoutFor, withDataDir } from "#cli/datadir.ts";
import type { ClusterStatus } from "#cluster/status.ts";
import { terminal } from "#host/terminal.ts";

/** `cox status`: what runs, and what it uses. */
export const status: CoxCommand = program => {
  withDataDir(program.command("status").description("what runs, and how much it uses"))
    .addOption(jsonOutput("for programs"))
    .action(async (flags: { dataDir?: string; output?: string }) => {
      const { statusOf } = await import("#cluster/status.ts");
      const now = await statusOf(layoutFor(flags));
      terminal.out(flags.output === "json" ? JSON.stringify(now, undefined, 2) : shown(now));
      if (!now.ready) terminal.exit(1);
    });
};

const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;

function shown(s: ClusterStatus): string {
  const lines = [
    s.pid
      ? `control plane  ${s.ready ? "ready" : "not ready"}, process ${s.pid}, ${s.address}, ${s.version}`
      : "control plane  not running",
    ...s.nodes.map(n => `node           ${n.name}  ${n.ready ? "Ready" : "NotReady"}  ${n.version}`),
    ...s.processes.map(p => `${p.name.padEnd(14)} process ${p.pid}, ${mebibytes(p.residentBytes)}, ${p.cpuSeconds.toFixed(1)} s of CPU`),
  ];
  return lines.join("\n");
}
