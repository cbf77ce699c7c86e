import { APPLIED } from "#apiserver/changes.ts";
import { lineDiff } from "#base/linediff.ts";
import { toYaml } from "#base/yamlwriter.ts";
import { askedOf, type Cluster, type ClusterFlags, momentText, NotKept, onCluster, shownName, withCluster } from "#cli/cluster.ts";
import type { CoxCommand } from "#cli/command.ts";
import { pathOf } from "#client/paths.ts";
import { hostClock } from "#host/clock.ts";
import { terminal } from "#host/terminal.ts";
import { Secret } from "#kinds/core/v1/secret.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";

interface Flags extends ClusterFlags {
  readonly since: string;
  readonly to?: string;
}
/** The moment from which on the past is kept, as the API names it. */
const OLDEST = "oldest";
export type Shown = KubeObject & { data?: Record<string, string> };

/** `cox diff deploy/web --since 1h`: what has changed. Ends with 1 when something has, as kubectl diff does. */
export const diff: CoxCommand = program => {
  withCluster(program.command("diff <objects...>").description("what has changed in objects, or in all of a type"))
    .requiredOption("--since <moment>", "an age (10m), a time of day (14:05), a time (2026-01-02T15:04:05Z) or a revision")
    .option("--to <moment>", "up to then (now)")
    .action(async (words: string[], flags: Flags) => {
      const text = await onCluster(flags, cluster => changes(cluster, words, flags));
      if (!text) return;
      terminal.out(text);
      terminal.exit(1);
    });
};

async function changes(cluster: Cluster, words: readonly string[], flags: Flags): Promise<string> {
  const now = hostClock.now();
  let since = momentText(flags.since, now);
  const to = flags.to === undefined ? undefined : momentText(flags.to, now);
  const out: string[] = [];
  for (const { kind, names } of askedOf(words)) {
    const before = await stateOf(cluster, kind, names, since).catch((error: Error) => {
      if (!(error instanceof NotKept) || since === OLDEST) throw error;
      terminal.err(`cox: ${error.message}: compared with what is kept first`);
      since = OLDEST;
      return stateOf(cluster, kind, names, since);
    });
    const after = await stateOf(cluster, kind, names, to);
    for (const name of names)
      if (!before.has(name) && !after.has(name)) await cluster.ask("GET", pathOf(kind, { namespace: cluster.namespace, name }));
    for (const name of [...new Set([...before.keys(), ...after.keys()])].sort()) {
      const text = objectDiff(kind, before.get(name), after.get(name));
      if (text)
        out.push(
          `--- ${shownName(kind, name)} at ${since === OLDEST ? "the beginning of what is kept" : flags.since}\n+++ ${shownName(kind, name)} ${flags.to ? `at ${flags.to}` : "now"}\n${text}`,
        );
    }
  }
  return out.join("\n");
}
async function stateOf(cluster: Cluster, kind: Kind, names: readonly string[], at: string | undefined): Promise<Map<string, Shown>> {
  const { namespace } = cluster;
  if (names.length === 0) {
    const { items } = JSON.parse(await cluster.ask("GET", pathOf(kind, { namespace }, { at }))) as { items: Shown[] };
    return new Map(items.map(item => [item.metadata.name ?? "", item]));
  }
  const found = await Promise.all(names.map(name => cluster.find<Shown>(pathOf(kind, { namespace, name }, { at }))));
  return new Map(found.flatMap((object, i) => (object ? [[names[i]!, object] as const] : [])));
}

/** Two states of an object as a difference of lines; what a Secret says is masked, as kubectl masks it. */
export function objectDiff(kind: Kind, before: Shown | undefined, after: Shown | undefined): string {
  const [a, b] = [before, after].map(object => object && bare(object));
  if (kind.kind === Secret.kind) {
    conceal(a, after?.data, "before");
    conceal(b, before?.data, "after");
  }
  return lineDiff(a ? toYaml(a).trimEnd() : "", b ? toYaml(b).trimEnd() : "");
}
/** Without what each write changes, and what nobody reads; the object's own maps are not shared. */
function bare({ kind: _k, apiVersion: _v, metadata, ...rest }: Shown): Shown {
  const { managedFields: _m, resourceVersion: _r, generation: _g, ...meta } = metadata;
  return { ...rest, metadata: meta } as Shown;
}
function conceal(object: Shown | undefined, other: Readonly<Record<string, string>> = {}, which: string): void {
  if (!object) return;
  const { annotations } = object.metadata;
  if (annotations?.[APPLIED]) object.metadata = { ...object.metadata, annotations: { ...annotations, [APPLIED]: "***" } };
  const same = (key: string, value: string) => other[key] === undefined || other[key] === value;
  if (object.data)
    object.data = Object.fromEntries(Object.entries(object.data).map(([k, v]) => [k, same(k, v) ? "***" : `*** (${which})`]));
}
