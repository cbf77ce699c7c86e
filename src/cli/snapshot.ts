import { type CoxCommand, jsonOutput, Refusal, refuseEmpty } from "#cli/command.ts";
import { layoutFor, withDataDir } from "#cli/datadir.ts";
import type { Layout } from "#cluster/layout.ts";
import { terminal } from "#host/terminal.ts";
import type { SnapshotFile } from "#snapshot/archive.ts";

interface Flags {
  dataDir?: string;
  name?: string;
  to?: string;
  from?: string;
  keyFile?: string;
  keep?: string;
  output?: string;
  skipHashCheck?: boolean;
}
const PLACE = "a folder, or s3://BUCKET/PREFIX (default: the cluster's own place for them)";

/** `cox snapshot`: the store's content as a file that also a real etcd restores, and back. */
export const snapshot: CoxCommand = program => {
  const command = program.command("snapshot").description("save the store, list what was saved, restore it").hook("preAction", refuseEmpty);
  withDataDir(command.command("save").description("save the store, of a cluster that runs or does not"))
    .option("--name <name>", "what it is for; the time is added", "manual")
    .option("--to <place>", PLACE)
    .option(
      "--key-file <file>",
      "encrypt it, with the cluster's own keys in it, by the key in this file (32 bytes, also in hexadecimal or base64)",
    )
    .action((flags: Flags) =>
      refusing(async () => {
        const layout = layoutFor(flags);
        const { saveSnapshot } = await import("#cluster/snapshots.ts");
        const at = await placeOf(layout, flags.to, flags.keyFile);
        const saved = await saveSnapshot(layout, flags.name ?? "", at);
        terminal.out(`saved ${saved.name} in ${at.place} (${mebibytes(saved.size)})`);
      }),
    );
  withDataDir(command.command("list").description("the snapshots in a place, the newest first"))
    .option("--from <place>", PLACE)
    .addOption(jsonOutput("for programs"))
    .action((flags: Flags) =>
      refusing(async () => {
        const all = await listed(layoutFor(flags), flags);
        terminal.out(flags.output === "json" ? JSON.stringify(all.map(told), undefined, 2) : table(all));
      }),
    );
  withDataDir(command.command("prune").description("remove all but the newest few"))
    .option("--from <place>", PLACE)
    .option("--name <name>", "of those that were saved for this", "manual")
    .requiredOption("--keep <n>", "how many stay")
    .action((flags: Flags) =>
      refusing(async () => {
        const keep = Number(flags.keep);
        if (!Number.isInteger(keep) || keep < 0) throw new Refusal(`--keep ${flags.keep}: not a number of snapshots`);
        const { pruneSnapshots } = await import("#cluster/snapshots.ts");
        const { archiveAt } = await import("#host/archive.ts");
        const { place } = await placeOf(layoutFor(flags), flags.from, undefined);
        const gone = await pruneSnapshots(await archiveAt(place), flags.name ?? "", keep);
        for (const { name } of gone) terminal.out(`removed ${name}`);
      }),
    );
  withDataDir(
    command
      .command("restore <snapshot>")
      .description("replace the store of a cluster that does not run, or make an empty folder the cluster of an encrypted one"),
  )
    .option("--from <place>", PLACE)
    .option("--key-file <file>", "the key that it was encrypted with")
    .option("--skip-hash-check", "take a copy of an etcd member's database, which has no hash behind it")
    .addHelpText("after", '\n<snapshot> is a name that "cox snapshot list" shows, or "latest", or a file (one of etcdctl\'s, too).')
    .action((given: string, flags: Flags) =>
      refusing(async () => {
        const layout = layoutFor(flags);
        const { restoreSnapshot } = await import("#cluster/restore.ts");
        const { isThere } = await import("#host/privatefiles.ts");
        const file = terminal.absolute(given);
        const at = await placeOf(layout, flags.from, flags.keyFile);
        const isFile = !flags.from && given !== "latest" && (await isThere(file));
        const done = await restoreSnapshot(layout, { ...at, snapshot: isFile ? file : given, skipHashCheck: flags.skipHashCheck === true });
        terminal.out(`restored ${done.name}: the store stands at revision ${done.revision}`);
        if (done.missing.length > 0) {
          const names = done.missing.join(", ");
          terminal.err(
            `its Secrets are sealed with ${names}, which ${done.keysBelongIn} does not hold: put that file of its cluster there`,
          );
        }
        if (done.aside) terminal.out(`what was there before is in ${done.aside}`);
      }),
    );
};

/** The place and key of a command's flags, or else the cluster's own. */
async function placeOf(layout: Layout, place: string | undefined, keyFile: string | undefined) {
  const { readSettled } = await import("#cluster/prepare.ts");
  const settled = await readSettled(layout);
  const named = place ?? (settled?.snapshotTo || layout.snapshots);
  const key = keyFile !== undefined ? terminal.absolute(keyFile) : place === undefined ? settled?.snapshotKeyFile : undefined;
  return { place: named.startsWith("s3://") ? named : terminal.absolute(named), ...(key && { keyFile: key }) };
}
async function listed(layout: Layout, flags: Flags): Promise<SnapshotFile[]> {
  const [{ listSnapshots }, { archiveAt }] = await Promise.all([import("#cluster/snapshots.ts"), import("#host/archive.ts")]);
  return listSnapshots(await archiveAt((await placeOf(layout, flags.from, undefined)).place));
}
/** What went wrong, in its one sentence. */
async function refusing(work: () => Promise<void>): Promise<void> {
  await work().catch((error: Error) => {
    throw error instanceof TypeError || error instanceof RangeError ? error : new Refusal(error.message);
  });
}
const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
const told = (s: SnapshotFile) => ({ name: s.name, size: s.size, taken: new Date(s.taken).toISOString(), encrypted: s.isSealed });
function table(all: readonly SnapshotFile[]): string {
  if (all.length === 0) return "no snapshots";
  const width = Math.max(...all.map(s => s.name.length));
  return all
    .map(
      s =>
        `${s.name.padEnd(width)}  ${mebibytes(s.size).padStart(12)}  ${new Date(s.taken).toISOString()}${s.isSealed ? "  encrypted" : ""}`,
    )
    .join("\n");
}
