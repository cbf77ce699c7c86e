import type { HistoryItem } from "#apiserver/history.ts";
import { CAUSE_HEADER } from "#base/http.ts";
import { formatTime } from "#base/time.ts";
import { type Cluster, type ClusterFlags, momentText, onCluster, oneOf, shownName, withCluster } from "#cli/cluster.ts";
import { type CoxCommand, Refusal } from "#cli/command.ts";
import { objectDiff, type Shown } from "#cli/diff.ts";
import { historyOf } from "#cli/history.ts";
import { pathOf } from "#client/paths.ts";
import { hostClock } from "#host/clock.ts";
import { terminal } from "#host/terminal.ts";
import type { Kind } from "#kinds/kind.ts";

interface Flags extends ClusterFlags {
  readonly to?: string;
  readonly dryRun?: boolean;
}
type Fields = Readonly<Record<string, unknown>>;

/** `cox undo deploy/web`: what a person wanted of an object becomes again what it was. */
export const undo: CoxCommand = program => {
  withCluster(program.command("undo <object...>").description("make an object's spec (or data) again what it was before its last change"))
    .option("--to <moment>", "what it was then: an age (10m), a time of day (14:05), a time (2026-01-02T15:04:05Z) or a revision")
    .option("--dry-run", "let the server check it, show the difference, and change nothing")
    .action((words: string[], flags: Flags) => onCluster(flags, cluster => restore(cluster, words, flags)));
};

async function restore(cluster: Cluster, words: readonly string[], flags: Flags): Promise<void> {
  const { kind, name } = oneOf(words);
  const { namespace } = cluster;
  const at = flags.to !== undefined ? momentText(flags.to, hostClock.now()) : String((await lastChange(cluster, kind, name)).revision - 1);
  const then = JSON.parse(await cluster.ask("GET", pathOf(kind, { namespace, name }, { at }))) as Shown;
  const now = await cluster.find<Shown>(pathOf(kind, { namespace, name }));
  const next = now ? { ...wanted(then), apiVersion: now.apiVersion, kind: now.kind, metadata: now.metadata, ...statusOf(now) } : born(then);
  const query = { fieldManager: "cox-undo", dryRun: flags.dryRun ? "All" : undefined };
  const url = pathOf(kind, now ? { namespace, name } : { namespace }, query);
  const cause = { loop: "cox undo", intent: "", because: `it is again what it was at revision ${then.metadata.resourceVersion}` };
  const answer = await cluster.ask(now ? "PUT" : "POST", url, { body: next, headers: { [CAUSE_HEADER]: JSON.stringify(cause) } });
  const difference = objectDiff(kind, now, JSON.parse(answer) as Shown);
  const how = flags.dryRun ? " (dry run)" : "";
  if (!difference) return terminal.out(`${shownName(kind, name)} is as it was at revision ${then.metadata.resourceVersion} already`);
  terminal.out(
    `${shownName(kind, name)} ${now ? "is again as it was" : "was deleted and is made anew as it was"} at revision ${then.metadata.resourceVersion}${how}`,
  );
  if (flags.dryRun) terminal.out(difference);
}

/** Users of the cluster's own parts: what they write follows from what people want, and would be written again. */
const OWN_PARTS = /^system:(serviceaccount:kube-system:|node:|kube-|apiserver$)/;

/** The last deletion, or change by people of what they want of an object: of anything but its metadata and status. */
async function lastChange(cluster: Cluster, kind: Kind, name: string): Promise<HistoryItem> {
  const { items } = await historyOf(cluster, kind, name);
  const byPeople = ({ user = "", impersonator }: HistoryItem) => impersonator !== undefined || !OWN_PARTS.test(user);
  const found = items.find(
    item => item.did === "delete" || (byPeople(item) && item.changes.some(c => !/^\.(metadata|status)\b/.test(c.path))),
  );
  if (found) return found;
  const since = items.at(-1)?.time;
  throw new Refusal(
    `${shownName(kind, name)} has not been changed by people since ${since ? formatTime(Date.parse(since)) : "the past that is kept begins"}: nothing is to be undone`,
  );
}
/** All that is not metadata or status. */
function wanted({ apiVersion: _v, kind: _k, metadata: _m, ...rest }: Shown): Fields {
  const { status: _s, ...fields } = rest as Fields;
  return fields;
}
const statusOf = (object: Shown): Fields => ("status" in object ? { status: object.status } : {});
/** An object that is gone, as it can be made again. */
function born(then: Shown): Fields {
  const { name, namespace, labels, annotations, ownerReferences } = then.metadata;
  return {
    ...wanted(then),
    apiVersion: then.apiVersion,
    kind: then.kind,
    metadata: { name, namespace, labels, annotations, ownerReferences },
  };
}
