import { type Command, Option } from "commander";
import { type CoxCommand, Refusal } from "#cli/command.ts";
import { layoutFor, withDataDir } from "#cli/datadir.ts";
import { PASSED_OVER } from "#cli/etcdflags.ts";
import type { EtcdFlags } from "#cluster/etcdoptions.ts";
import { terminal } from "#host/terminal.ts";

/** `cox etcd`: serves the store alone as etcd does, under etcd's own flags, until it is told to end. */
export const etcd: CoxCommand = program => {
  const command = withDataDir(program.command("etcd").description("serve the store alone, as etcd"))
    .option("--listen-client-urls <urls>", "addresses to serve clients at, with commas between", "http://127.0.0.1:2379")
    .option("--advertise-client-urls <urls>", "addresses that members tell clients of (default: those listened at)")
    .option("--name <name>", "this member's name", "default")
    .option("--cert-file <file>", "the certificate for https:// addresses")
    .option("--key-file <file>", "its key")
    .option("--client-cert-auth [boolean]", "clients must have a certificate; its common name is their user")
    .option("--trusted-ca-file <file>", "what signs clients' certificates; without one from it nobody connects")
    .option("--client-crl-file <file>", "certificates of clients that are revoked")
    .option("--client-cert-allowed-hostname <name>", "the name that clients' certificates are to be for")
    .option("--auto-tls [boolean]", "https:// addresses make their certificate themselves")
    .option("--self-signed-cert-validity <years>", "how long such a one holds", "1")
    .option("--cipher-suites <suites>", "suites of TLS 1.2, with commas between; empty: those that are good", "")
    .option("--tls-min-version <version>", "TLS1.2 or TLS1.3", "TLS1.2")
    .option("--tls-max-version <version>", "TLS1.2 or TLS1.3; empty: the newest", "")
    .option("--quota-backend-bytes <bytes>", "size at which puts are refused (0: 8 GiB)", "0")
    .option("--max-request-bytes <bytes>", "size of the largest request", "1572864")
    .option("--auto-compaction-mode <mode>", "periodic or revision", "periodic")
    .option("--auto-compaction-retention <retention>", "time (30m, 2h) or revisions that stay; 0: all", "0")
    .option("--max-txn-ops <n>", "operations of one transaction", "128")
    .option(
      "--watch-progress-notify-interval <time>",
      "how long a watch that asks for it is quiet until it is told how far it has come",
      "10m",
    )
    .addOption(new Option("--experimental-watch-progress-notify-interval <time>").hideHelp())
    .option("--listen-metrics-urls <urls>", "addresses beside those of clients at which figures and health are told")
    .option("--auth-token <kind>", "what logins give: simple, or jwt,sign-method=RS256,priv-key=FILE,pub-key=FILE,ttl=10m", "simple")
    .option("--auth-token-ttl <seconds>", "how long a simple token holds after its last use", "300")
    .option("--bcrypt-cost <n>", "how slow it is to try a password", "10")
    .option("--initial-cluster <members>", "NAME=URL of this member; it can be no other, as there is one alone")
    .option("--initial-cluster-state <state>", "new or existing, which is the same of one alone")
    .option("--initial-advertise-peer-urls <urls>", "addresses that members tell other members of")
    .option("--listen-peer-urls <urls>", "nothing is listened for there")
    .option("--cors <origins>", "sites whose pages may read what is answered by HTTP, with commas between; * or empty: all", "*")
    .option("--host-whitelist <names>", "names that HTTP requests without TLS may be sent to, with commas between; * or empty: all", "*")
    .option("--config-file <file>", "etcd's configuration file: the other flags and the environment are passed over")
    .addHelpText("after", "\nEvery flag may come as a variable: --max-txn-ops as ETCD_MAX_TXN_OPS.")
    .addHelpText("after", "\nThose flags of etcd that are about raft, its files and its log are taken and passed over.");
  for (const name of PASSED_OVER) command.addOption(new Option(`--${name} [value]`).hideHelp());
  command.action(async () => {
    const { optionsOf } = await import("#cluster/etcdoptions.ts");
    const { flags, set } = await settled(command);
    const { runEtcd } = await import("#cluster/etcd.ts");
    const { streamLog } = await import("#host/log.ts");
    const options = optionsOf(flags);
    const ignored = PASSED_OVER.filter(name => set.has(name));
    if (ignored.length > 0)
      terminal.err(`cox: ${ignored.map(name => `--${name}`).join(", ")}: taken as etcd takes it, and of no effect here`);
    const running = await runEtcd(layoutFor(flags).store, options, streamLog(2)).catch((error: Error) => {
      throw new Refusal(error.message);
    });
    terminal.err(`cox: ready to serve client requests at ${options.listen.map((a, i) => `${a.host}:${running.ports[i]}`).join(", ")}`);
    terminal.onEnd(() => {
      void running.stop().then(() => terminal.exit(0));
    });
  });
};

type Flags = EtcdFlags & { readonly dataDir?: string };
/** The flags as the command line and the environment give them, or a file in place of both; and the names of those that were set. */
async function settled(command: Command): Promise<{ flags: Flags; set: ReadonlySet<string> }> {
  const { settingsFrom, settingsOfFile, variableOf } = await import("#cluster/etcdsettings.ts");
  const options = new Map(command.options.map(option => [option.long!.slice(2), option]));
  const given = new Set([...options.keys()].filter(name => command.getOptionValueSource(camelCase(name)) === "cli"));
  const file: string | undefined = command.getOptionValue("configFile") ?? (terminal.environment[variableOf("config-file")] || undefined);
  const told = (settings: ReadonlyMap<string, string>) =>
    Object.fromEntries([...settings].map(([name, value]) => [camelCase(name), value]));
  if (file !== undefined) {
    const text = await terminal.read(file).catch((error: Error) => {
      throw new Refusal(`--config-file ${file}: ${error.message}`);
    });
    const { settings, unknown } = settingsOfFile(file, text, new Set(options.keys()));
    if (unknown.length > 0) terminal.err(`cox: ${file}: ${unknown.join(", ")}: no setting of this store's, and passed over`);
    const beside = [...given].filter(name => name !== "config-file");
    if (beside.length > 0) terminal.err(`cox: ${beside.map(name => `--${name}`).join(", ")}: passed over, as ${file} says all`);
    const defaults = Object.fromEntries([...options.values()].map(option => [option.attributeName(), option.defaultValue]));
    return { flags: { ...defaults, ...told(settings) } as Flags, set: new Set(settings.keys()) };
  }
  const { settings, unknown } = settingsFrom(terminal.environment, options.keys(), given);
  for (const name of unknown) terminal.err(`cox: unrecognized environment variable: ${name}`);
  return { flags: { ...command.opts(), ...told(settings) } as Flags, set: new Set([...given, ...settings.keys()]) };
}
const camelCase = (name: string) => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
