import { StatusError } from "#base/status.ts";
import { type ClusterFlags, onCluster, withCluster } from "#cli/cluster.ts";
import { type CoxCommand, jsonOutput, Refusal } from "#cli/command.ts";
import { DraftError } from "#cluster/drafterror.ts";
import type { ChangeFile } from "#cluster/plan/change.ts";
import { terminal } from "#host/terminal.ts";

interface Flags extends ClusterFlags {
  readonly filename: readonly string[];
  readonly delete?: boolean;
  readonly output?: string;
}

/** `cox plan -f change.yaml`: what a change would do to the cluster, tried out on a copy of its state. */
export const plan: CoxCommand = program => {
  withCluster(
    program.command("plan").description("what a change would create, change, restart, evict and leave pending; nothing is changed"),
  )
    .requiredOption("-f, --filename <file...>", "files of YAML or JSON that would be applied; - for what is piped in")
    .option("--delete", "what if the files' objects were deleted")
    .addOption(jsonOutput("for programs"))
    .action(async (flags: Flags) => {
      const files = await Promise.all(flags.filename.map(fileOf));
      const said = await onCluster(flags, cluster => cluster.ask("GET", "/coxswain/state", { accept: "*/*" }));
      const [{ planOf }, { stateOf }, { toldPlan }, { processHost }, { changeOf }] = await Promise.all([
        import("#cluster/plan/plan.ts"),
        import("#cluster/plan/state.ts"),
        import("#cluster/plan/told.ts"),
        import("#cluster/processhost.ts"),
        import("#cluster/plan/change.ts"),
      ]);
      const found = await refusing(async () => {
        const change = changeOf(files, { remove: flags.delete ?? false, namespace: flags.namespace });
        return planOf(processHost(), stateOf(said), change);
      });
      if (flags.output !== "json") return terminal.out(toldPlan(found).join("\n"));
      const plain = (effects: typeof found.effects) =>
        effects.map(({ kind, ...rest }) => ({
          ...rest,
          apiVersion: kind.group ? `${kind.group}/${kind.version}` : kind.version,
          kind: kind.kind,
        }));
      terminal.out(JSON.stringify({ ...found, effects: plain(found.effects), anyway: plain(found.anyway) }, undefined, 2));
    });
};

/** Says in a sentence what cannot be: of the files, or of the change. */
async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StatusError) throw new Refusal(`the change would be refused: ${error.message}`);
    throw error instanceof DraftError ? new Refusal(error.message) : error;
  }
}
async function fileOf(path: string): Promise<ChangeFile> {
  try {
    return { name: path === "-" ? "what is piped in" : path, text: await terminal.read(path) };
  } catch (error) {
    throw new Refusal(`${path} cannot be read: ${(error as Error).message.replace(/^[A-Z]+: /, "").replace(/, .*$/, "")}`);
  }
}
