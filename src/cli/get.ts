import { toYaml } from "#base/yamlwriter.ts";
import { askedOf, type Cluster, type ClusterFlags, momentText, onCluster, shownName, withCluster } from "#cli/cluster.ts";
import { type CoxCommand, Refusal } from "#cli/command.ts";
import { pathOf } from "#client/paths.ts";
import { hostClock } from "#host/clock.ts";
import { terminal } from "#host/terminal.ts";
import { apiVersionOf, type Kind, type KubeObject } from "#kinds/kind.ts";

interface Flags extends ClusterFlags {
  readonly at?: string;
  readonly output?: string;
  readonly selector?: string;
  readonly allNamespaces?: boolean;
}
const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";
const FORMS = ["wide", "json", "yaml", "name"];

/** `cox get deploy/web --at 10m`: objects as they are, or as they were. */
export const get: CoxCommand = program => {
  withCluster(program.command("get <objects...>").description("show objects as they are, or with --at as they were"))
    .option("--at <moment>", "an age (10m), a time of day (14:05), a time (2026-01-02T15:04:05Z) or a revision")
    .option("-o, --output <form>", FORMS.join(", "))
    .option("-l, --selector <labels>", "only objects with these labels")
    .option("-A, --all-namespaces", "of all namespaces")
    .action((words: string[], flags: Flags) => onCluster(flags, cluster => show(cluster, words, flags)));
};

async function show(cluster: Cluster, words: readonly string[], flags: Flags): Promise<void> {
  const { output = "" } = flags;
  if (output && !FORMS.includes(output)) throw new Refusal(`-o ${output}: known forms are ${FORMS.join(", ")}`);
  const query = { at: flags.at && momentText(flags.at, hostClock.now()), labelSelector: flags.selector };
  const asked = askedOf(words);
  const urls = asked.flatMap(({ kind, names }) => {
    const namespace = flags.allNamespaces ? undefined : cluster.namespace;
    const paths = names.length > 0 ? names.map(name => pathOf(kind, { namespace, name }, query)) : [pathOf(kind, { namespace }, query)];
    return paths.map(url => ({ kind, url }));
  });
  if (flags.allNamespaces && asked.some(a => a.names.length > 0)) throw new Refusal("an object is not named across all namespaces");
  if (output === "" || output === "wide") {
    const tables = await Promise.all(urls.map(async ({ url }) => JSON.parse(await cluster.ask("GET", url, { accept: TABLE })) as Table));
    const shown = merged(urls, tables).map(table => tableText(table, output === "wide", flags.allNamespaces === true));
    return terminal.out(shown.filter(Boolean).join("\n\n") || "No resources found");
  }
  const answers = await Promise.all(urls.map(async ({ kind, url }) => itemsOf(kind, JSON.parse(await cluster.ask("GET", url)) as Answer)));
  const items = answers.flat();
  if (output === "name") return terminal.out(items.map(({ kind, object }) => shownName(kind, object.metadata.name ?? "")).join("\n"));
  const one = items.length === 1 && asked.length === 1 && asked[0]!.names.length === 1;
  const list = { apiVersion: "v1", kind: "List", items: items.map(i => i.object), metadata: { resourceVersion: "" } };
  const value = one ? items[0]!.object : list;
  terminal.out(output === "json" ? JSON.stringify(value, undefined, 4) : toYaml(value).trimEnd());
}

type Answer = KubeObject & { readonly items?: readonly KubeObject[] };
/** The objects of an answer; those of lists say of what kind they are, too. */
function itemsOf(kind: Kind, answer: Answer): { readonly kind: Kind; readonly object: KubeObject }[] {
  const objects = answer.items?.map(item => ({ ...item, apiVersion: apiVersionOf(kind), kind: kind.kind })) ?? [answer];
  return objects.map(object => ({ kind, object }));
}

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority?: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: KubeObject }[];
}
/** Objects of one kind in one table. */
function merged(urls: readonly { readonly kind: Kind }[], tables: readonly Table[]): Table[] {
  const byKind = new Map<Kind, Table>();
  tables.forEach((table, i) => {
    const { kind } = urls[i]!;
    const known = byKind.get(kind);
    byKind.set(kind, known ? { ...known, rows: [...known.rows, ...table.rows] } : table);
  });
  return [...byKind.values()];
}
function tableText({ columnDefinitions, rows }: Table, wide: boolean, namespaces: boolean): string {
  if (rows.length === 0) return "";
  const shown = columnDefinitions
    .map((c, i) => ({ name: c.name.toUpperCase(), i, priority: c.priority ?? 0 }))
    .filter(c => wide || c.priority === 0);
  const lines = [
    [...(namespaces ? ["NAMESPACE"] : []), ...shown.map(c => c.name)],
    ...rows.map(({ cells, object }) => [
      ...(namespaces ? [object.metadata.namespace ?? ""] : []),
      ...shown.map(c => String(cells[c.i] ?? "<none>")),
    ]),
  ];
  return aligned(lines);
}
/** Columns with three spaces between them. */
function aligned(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map(line => line[i]?.length ?? 0)));
  return lines
    .map(line =>
      line
        .map((cell, i) => cell.padEnd(widths[i]! + 3))
        .join("")
        .trimEnd(),
    )
    .join("\n");
}
