import { type CoxCommand, Refusal } from "#cli/command.ts";
import { layoutFor, withDataDir } from "#cli/datadir.ts";
import type { EtcdFlags } from "#cluster/etcdoptions.ts";
import { terminal } from "#host/terminal.ts";

/** `cox etcd`: serves the store alone as etcd does, under etcd's own flags, until it is told to end. */
export const etcd: CoxCommand = program => {
  withDataDir(program.command("etcd").description("serve the store alone, as etcd"))
    .option("--listen-client-urls <urls>", "addresses to serve clients at, with commas between", "http://127.0.0.1:2379")
    .option("--advertise-client-urls <urls>", "addresses that members tell clients of (default: those listened at)")
    .option("--name <name>", "this member's name", "default")
    .option("--cert-file <file>", "the certificate for https:// addresses")
    .option("--key-file <file>", "its key")
    .option("--client-cert-auth", "clients must have a certificate; its common name is their user")
    .option("--trusted-ca-file <file>", "what signs clients' certificates")
    .option("--quota-backend-bytes <bytes>", "size at which puts are refused (0: 8 GiB)", "0")
    .option("--max-request-bytes <bytes>", "size of the largest request", "1572864")
    .option("--auto-compaction-mode <mode>", "periodic or revision", "periodic")
    .option("--auto-compaction-retention <retention>", "time (30m, 2h) or revisions that stay; 0: all", "0")
    .action(async (flags: EtcdFlags & { dataDir?: string }) => {
      const { optionsOf } = await import("#cluster/etcdoptions.ts");
      const { runEtcd } = await import("#cluster/etcd.ts");
      const { streamLog } = await import("#host/log.ts");
      const options = optionsOf(flags);
      const running = await runEtcd(layoutFor(flags).store, options, streamLog(2)).catch((error: Error) => {
        throw new Refusal(error.message);
      });
      terminal.err(`cox: ready to serve client requests at ${options.listen.map((a, i) => `${a.host}:${running.ports[i]}`).join(", ")}`);
      terminal.onEnd(() => {
        void running.stop().then(() => terminal.exit(0));
      });
    });
};
