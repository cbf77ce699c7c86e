import { type FieldChange, valueText } from "#apiserver/changes.ts";
import type { HistoryItem, ObjectHistory } from "#apiserver/history.ts";
import { toYaml } from "#base/yamlwriter.ts";
import { type Cluster, type ClusterFlags, momentText, onCluster, oneOf, withCluster } from "#cli/cluster.ts";
import { type CoxCommand, Refusal } from "#cli/command.ts";
import { pathOf } from "#client/paths.ts";
import { hostClock } from "#host/clock.ts";
import { terminal } from "#host/terminal.ts";
import type { Kind } from "#kinds/kind.ts";

interface Flags extends ClusterFlags {
  readonly since?: string;
  readonly output?: string;
  readonly all?: boolean;
}

/** `cox history deploy/web`: who changed which field when, and why. */
export const history: CoxCommand = program => {
  withCluster(program.command("history <object...>").description("who changed which field of an object when, and why"))
    .option("--since <moment>", "an age (10m), a time of day (14:05), a time (2026-01-02T15:04:05Z) or a revision")
    .option("--all", "changes of status alone, too")
    .option("-o, --output <form>", "json or yaml")
    .action((words: string[], flags: Flags) =>
      onCluster(flags, async cluster => {
        if (flags.output && !["json", "yaml"].includes(flags.output)) throw new Refusal(`-o ${flags.output}: known forms are json, yaml`);
        const { kind, name } = oneOf(words);
        const told = await historyOf(cluster, kind, name, flags.since);
        if (flags.output === "json") return terminal.out(JSON.stringify(told, undefined, 2));
        terminal.out(flags.output === "yaml" ? toYaml(told).trimEnd() : shown(kind, told, flags.all === true));
      }),
    );
};

export async function historyOf(cluster: Cluster, kind: Kind, name: string, since?: string): Promise<ObjectHistory> {
  const query = { history: since !== undefined ? momentText(since, hostClock.now()) : "true" };
  return JSON.parse(await cluster.ask("GET", pathOf(kind, { namespace: cluster.namespace, name }, query))) as ObjectHistory;
}

const DID = { create: "created", update: "changed", delete: "deleted" } as const;
function shown(kind: Kind, { items, complete }: ObjectHistory, all: boolean): string {
  const told = items.filter(item => all || item.did !== "update" || item.changes.some(c => !c.path.startsWith(".status")));
  const lines = told.flatMap(item => [headOf(item), ...item.changes.map(c => `    ${changeText(kind, c)}`)]);
  const hidden = items.length - told.length;
  if (items.length === 0) lines.push("nothing has changed");
  else if (hidden > 0) lines.push(`${hidden} more ${hidden === 1 ? "change was" : "changes were"} of its status alone (--all shows them)`);
  if (items.length > 0 && !complete) lines.push("what was before is not told: it is not kept, or was not asked for");
  return lines.join("\n");
}
function headOf({ revision, time, did, user, impersonator, manager, subresource, because }: HistoryItem): string {
  const who = user ? `${user}${impersonator ? ` (acted for by ${impersonator})` : ""}` : "somebody";
  const by = manager && manager !== user ? ` with ${manager}` : "";
  const through = subresource ? ` (${subresource})` : "";
  return `${time?.replace(/\.\d+Z$/, "Z") ?? "at an unknown time"}  revision ${revision}  ${DID[did]} by ${who}${by}${through}${because ? `: ${because}` : ""}`;
}
function changeText(kind: Kind, { path, ...change }: FieldChange): string {
  const value = (of: unknown) => valueText(kind, path, of);
  if (!("from" in change)) return `${path}: ${value(change.to)} (new)`;
  return "to" in change ? `${path}: ${value(change.from)} → ${value(change.to)}` : `${path}: gone (was ${value(change.from)})`;
}
