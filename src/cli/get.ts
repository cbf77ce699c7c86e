import { StatusError } from "#base/status.ts";
import { type ClusterFlags, momentText, onCluster, withCluster } from "#cli/cluster.ts";
import { type CoxCommand, Refusal } from "#cli/command.ts";
import { hostClock } from "#host/clock.ts";
import { terminal } from "#host/terminal.ts";
import { createApi } from "#kubectl/api.ts";
import { get as verb } from "#kubectl/verbs/get.ts";
import { parseWords, UsageError } from "#kubectl/words.ts";

interface Flags extends ClusterFlags {
  readonly at?: string;
  readonly output?: string;
  readonly selector?: string;
  readonly allNamespaces?: boolean;
}

/** `cox get deploy/web --at 10m`: objects as they are, or as they were. */
export const get: CoxCommand = program => {
  withCluster(program.command("get <objects...>").description("show objects as they are, or with --at as they were"))
    .option("--at <moment>", "an age (10m), a time of day (14:05), a time (2026-01-02T15:04:05Z) or a revision")
    .option("-o, --output <form>", "wide, yaml, json, name")
    .option("-l, --selector <labels>", "only objects with these labels")
    .option("-A, --all-namespaces", "of all namespaces")
    .action((words: string[], flags: Flags) =>
      onCluster(flags, async ({ transport, namespace }) => {
        const at = flags.at === undefined ? undefined : momentText(flags.at, hostClock.now());
        const given = Object.entries({ at, output: flags.output, selector: flags.selector, "all-namespaces": flags.allNamespaces });
        const said = given.filter(([, value]) => value !== undefined).map(([name, value]) => `--${name}=${value}`);
        const parsed = parseWords([...words, ...said], verb.flags ?? []);
        const noFile = () => Promise.reject(new UsageError("no file is read"));
        const run = {
          ...parsed,
          api: createApi(transport),
          clock: hostClock,
          namespace,
          out: terminal.out,
          read: noFile,
          signal: undefined,
        };
        await verb.run(run).catch((error: Error) => {
          throw error instanceof StatusError || error instanceof UsageError ? new Refusal(error.message) : error;
        });
      }),
    );
};
