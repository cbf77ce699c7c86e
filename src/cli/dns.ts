import type { CoxCommand } from "#cli/command.ts";
import { layoutFor, withDataDir } from "#cli/datadir.ts";
import { reporter } from "#host/daemon.ts";
import { terminal } from "#host/terminal.ts";

/** `cox dns`: the process that answers names; `cox up` starts it, and it outlives `cox down`. */
export const dns: CoxCommand = program => {
  withDataDir(program.command("dns", { hidden: true }).description("answer the cluster's names (started by cox up)"))
    .requiredOption("--listen <address>", "the node's address")
    .requiredOption("--dns-port <port>", "the port there; 0: any free one")
    .action(async (flags: { dataDir?: string; listen: string; dnsPort: string }) => {
      const report = reporter();
      const layout = layoutFor(flags);
      const [{ serveDns }, { fileLog }, { writeRunFile }] = await Promise.all([
        import("#host/dns.ts"),
        import("#host/log.ts"),
        import("#host/runfile.ts"),
      ]);
      const log = fileLog(layout.dnsLog);
      try {
        const options = { zoneFile: layout.zone, addresses: [flags.listen], port: Number(flags.dnsPort), upstreams: [] };
        const server = await serveDns(options, line => log.warn(line));
        await writeRunFile(layout.dnsRun, { address: `${flags.listen}:${server.port}`, version: "", nodeName: "" });
        report?.({ ready: true });
        terminal.onEnd(() => server.close().then(() => terminal.exit(0)));
      } catch (error) {
        report?.({ failed: (error as Error).message });
        throw error;
      }
    });
};
