import { shellWord } from "#base/shellword.ts";
import { startInBackground } from "#cli/background.ts";
import { type CoxCommand, Refusal } from "#cli/command.ts";
import { layoutFor, withDataDir } from "#cli/datadir.ts";
import { type ClusterOptions, CONFIG_KEYS, OPTIONS } from "#cluster/options.ts";
import { terminal } from "#host/terminal.ts";

type Flags = { dataDir?: string; detach?: boolean; config?: string } & Partial<Record<keyof ClusterOptions, string | boolean>>;

/** `cox up`: starts the control plane and this machine as a node; with -d returns when both are ready. */
export const up: CoxCommand = program => {
  const command = withDataDir(program.command("up").description("start the cluster; this machine becomes its node"))
    .option("-d, --detach", "return when the cluster is ready; it goes on in the background")
    .option("--config <file>", `a YAML file with any of: ${CONFIG_KEYS.join(", ")}`);
  for (const [key, o] of Object.entries(OPTIONS)) {
    if (key === "dataDir") continue;
    command.option(o.argument ? `${o.flag} <${o.argument.toLowerCase()}>` : o.flag, o.says);
  }
  command.action(async (flags: Flags) => {
    const layout = layoutFor(flags);
    const { prepare } = await import("#cluster/prepare.ts");
    const say = (line: string) => terminal.err(`cox: ${line}`);
    const options = await prepare(layout, flags.config, asked(flags), say);
    if (flags.detach) {
      const pid = await startInBackground(layout, options, say);
      terminal.out(`ready: process ${pid}; ${exported(flags.dataDir)}`);
      return terminal.exit(0);
    }
    const { runUntilEnded } = await import("#cluster/up.ts");
    await runUntilEnded(layout, options, say, false).catch((error: Error) => {
      throw new Refusal(error.message);
    });
    say(`ready; export KUBECONFIG=${shellWord(layout.kubeconfig)}; Ctrl-C stops the control plane`);
  });
};

/** The line by which a shell finds the cluster. */
function exported(dataDir: string | undefined): string {
  if (!dataDir) return "export KUBECONFIG=$(./cox kubeconfig)";
  const word = shellWord(dataDir);
  const path = `$(./cox kubeconfig --data-dir ${word})`;
  return `export KUBECONFIG=${word === dataDir ? path : `"${path}"`}`;
}

/** Flags as options; their values are checked with the rest. */
function asked(flags: Flags): Partial<ClusterOptions> {
  const out: Record<string, unknown> = {};
  for (const [key, o] of Object.entries(OPTIONS)) {
    const value = flags[key as keyof ClusterOptions];
    if (value === undefined || key === "dataDir") continue;
    out[key] = o.number ? Number(value) : value;
    if (Number.isNaN(out[key])) throw new Refusal(`${o.flag} ${value}: not a number`);
  }
  return out;
}
