import { startInBackground } from "#cli/background.ts";
import { type CoxCommand, Refusal, refuseEmpty } from "#cli/command.ts";
import { layoutFor, withDataDir } from "#cli/datadir.ts";
import type { EtcdPlace } from "#cluster/datastore.ts";
import { readRunFile } from "#host/runfile.ts";
import { terminal } from "#host/terminal.ts";

interface Flags {
  dataDir?: string;
  to: string;
  datastoreCafile?: string;
  datastoreCertfile?: string;
  datastoreKeyfile?: string;
}

/** `cox migrate --to https://…` or `--to embedded`: the store moves, and the cluster goes on from there. */
export const migrate: CoxCommand = program => {
  withDataDir(
    program
      .command("migrate")
      .description("move the store to an etcd, or back to this machine's disk; reads go on meanwhile, and writes while most is copied")
      .hook("preAction", refuseEmpty),
  )
    .requiredOption("--to <place>", 'URLs of an etcd\'s members, with commas between them; or "embedded"')
    .option("--datastore-cafile <file>", "certificates that vouch for the etcd")
    .option("--datastore-certfile <file>", "the certificate by which the etcd knows us")
    .option("--datastore-keyfile <file>", "the key to that certificate")
    .action(async (flags: Flags) => {
      const layout = layoutFor(flags);
      const say = (line: string) => terminal.err(`cox: ${line}`);
      const [{ migrateCluster }, { prepare }] = await Promise.all([import("#cluster/migrate.ts"), import("#cluster/prepare.ts")]);
      const running = readRunFile(layout.run) !== undefined;
      const moved = migrateCluster(layout, placeOf(flags), say);
      terminal.out(await moved.catch((error: Error) => Promise.reject(new Refusal(error.message))));
      if (!running) return;
      const options = await prepare(layout, undefined, {}, say);
      const pid = await startInBackground(layout, options, say);
      terminal.out(`ready again: process ${pid}`);
      terminal.exit(0);
    });
};

function placeOf(flags: Flags): EtcdPlace {
  if (flags.to === "embedded") return {};
  const place: Record<string, string> = { datastoreEndpoint: flags.to };
  for (const key of ["datastoreCafile", "datastoreCertfile", "datastoreKeyfile"] as const)
    if (flags[key] !== undefined) place[key] = terminal.absolute(flags[key]);
  return place;
}
