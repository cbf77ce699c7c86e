/** The entry of `cox`: its commands, each in a file of its own. */
import { Command, CommanderError } from "commander";
import { Refusal } from "#cli/command.ts";
import { diff } from "#cli/diff.ts";
import { down } from "#cli/down.ts";
import { etcd } from "#cli/etcd.ts";
import { get } from "#cli/get.ts";
import { history } from "#cli/history.ts";
import { image } from "#cli/image.ts";
import { kubeconfig } from "#cli/kubeconfig.ts";
import { migrate } from "#cli/migrate.ts";
import { plan } from "#cli/plan.ts";
import { reset } from "#cli/reset.ts";
import { secrets } from "#cli/secrets.ts";
import { sim } from "#cli/sim.ts";
import { snapshot } from "#cli/snapshot.ts";
import { status } from "#cli/status.ts";
import { store } from "#cli/store.ts";
import { tools } from "#cli/tools.ts";
import { undo } from "#cli/undo.ts";
import { up } from "#cli/up.ts";
import { why } from "#cli/why.ts";
import { COX_VERSION, KUBERNETES_VERSION } from "#cluster/version.ts";
import { useBuffer } from "#host/bytes.ts";
import { terminal } from "#host/terminal.ts";

useBuffer();
const program = new Command("cox")
  .description("Kubernetes, whole, in one process.")
  .version(`cox ${COX_VERSION} (Kubernetes ${KUBERNETES_VERSION})`)
  .showHelpAfterError("(run with --help for the flags)")
  .exitOverride();
const commands = [
  up,
  down,
  status,
  reset,
  kubeconfig,
  image,
  why,
  etcd,
  get,
  diff,
  history,
  undo,
  plan,
  sim,
  secrets,
  snapshot,
  migrate,
  store,
  tools,
];
for (const add of commands) add(program);

try {
  await program.parseAsync(terminal.args, { from: "user" });
} catch (error) {
  if (error instanceof CommanderError) terminal.exit(error.exitCode);
  const sentence = error instanceof Refusal || (error as Error).name === "OptionError";
  terminal.err(`cox: ${sentence ? (error as Error).message : ((error as Error).stack ?? String(error))}`);
  terminal.exit(1);
}
