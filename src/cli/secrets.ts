import type { SealingStatus } from "#apiserver/sealing/keys.ts";
import { type Cluster, type ClusterFlags, onCluster } from "#cli/cluster.ts";
import { type CoxCommand, jsonOutput, Refusal } from "#cli/command.ts";
import { withDataDir } from "#cli/datadir.ts";
import { terminal } from "#host/terminal.ts";

/** `cox secrets status` and `cox secrets rotate-keys`: how Secrets are sealed in the store. */
export const secrets: CoxCommand = program => {
  const command = program.command("secrets").description("how Secrets are sealed in the store");
  withDataDir(command.command("status").description("by which keys what is sealed"))
    .addOption(jsonOutput("for programs"))
    .action((flags: ClusterFlags & { output?: string }) =>
      onCluster(flags, async cluster => {
        const status = await statusOf(cluster);
        terminal.out(flags.output === "json" ? JSON.stringify(status, undefined, 2) : shown(status));
      }),
    );
  withDataDir(command.command("rotate-keys").description("seal with a new key, and write all that is sealed anew, while the cluster runs"))
    .option("--forget", "give up the cluster's past, so that the old key goes at once")
    .action((flags: ClusterFlags & { forget?: boolean }) =>
      onCluster(flags, async cluster => {
        await cluster.ask("POST", `/coxswain/secrets/rotate${flags.forget ? "?forget=true" : ""}`);
        let status = await statusOf(cluster, "?wait=true");
        while (status.phase === "rewriting") status = await statusOf(cluster, "?wait=true");
        if (status.phase === "failed") throw new Refusal(`not all values could be sealed anew: ${status.error}`);
        terminal.out(shown(status));
        if (status.rewritten === 0) terminal.out("nothing was to be written anew");
      }),
    );
};

const statusOf = async (cluster: Cluster, query = "") => JSON.parse(await cluster.ask("GET", `/coxswain/secrets${query}`)) as SealingStatus;
function shown({ phase, sealed, older, rewritten, until, compacted }: SealingStatus): string {
  const lines = sealed.map(
    s => `${s.resources.join(", ")}: ${s.provider === "identity" ? "not sealed" : `sealed by ${s.provider} with ${s.key}`}`,
  );
  if (rewritten > 0) lines.push(`${rewritten} written anew since the keys changed`);
  if (phase === "waiting")
    lines.push(
      `${older.join(", ")} still ${older.length === 1 ? "opens" : "open"} the past before revision ${until} (now kept from ${compacted} on), and ${older.length === 1 ? "goes" : "go"} with it`,
    );
  else if (older.length > 0) lines.push(`also open: ${older.join(", ")}`);
  return lines.join("\n");
}
