/** get: tables, YAML, JSON or names of objects. */
import { text } from "#base/bytes.ts";
import { bytesOf } from "#base/http.ts";
import { toYaml } from "#base/yamlwriter.ts";
import { type Item, pathTo, told } from "#kubectl/api.ts";
import { type Table, tableLines } from "#kubectl/table.ts";
import { type Target, targetsOf } from "#kubectl/targets.ts";
import type { Run, Verb } from "#kubectl/verb.ts";
import { UsageError } from "#kubectl/words.ts";

const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";

export const get: Verb = {
  name: "get",
  usage: "TYPE[,TYPE] [NAME…]",
  says: "shows objects",
  flags: [
    { name: "output", letter: "o", value: true, says: "wide, yaml, json or name" },
    { name: "all-namespaces", letter: "A", says: "of all namespaces" },
    { name: "selector", letter: "l", value: true, says: "labels that they must have" },
    { name: "field-selector", value: true, says: "fields that they must have" },
    { name: "at", value: true, says: "as they were: an age (10m), a time (2026-01-02T15:04:05Z) or a revision" },
    { name: "show-labels", says: "labels as the last column" },
    { name: "no-headers", says: "rows only" },
  ],
  async run(run) {
    const output = run.value("output") ?? "";
    if (!["", "wide", "yaml", "json", "name"].includes(output))
      throw new UsageError(`unable to match a printer suitable for the output format "${output}"`);
    const targets = await targetsOf(run.api, run.words);
    if (output === "" || output === "wide") return printTables(run, targets);
    const items = (await Promise.all(targets.map(t => itemsOf(run, t)))).flat();
    if (output === "name") return run.out(items.map(({ target, item }) => told(target.resource, item.metadata.name)).join("\n"));
    const objects = items.map(({ item }) => item);
    const one =
      objects.length === 1 && targets[0]?.name !== undefined
        ? objects[0]
        : { apiVersion: "v1", items: objects, kind: "List", metadata: { resourceVersion: "" } };
    run.out(output === "yaml" ? toYaml(one).trimEnd() : JSON.stringify(one, null, 4));
  },
};

const urlOf = (run: Run, { resource, name }: Target) =>
  pathTo(resource, run.is("all-namespaces") ? undefined : run.namespace, name, {
    labelSelector: run.value("selector"),
    fieldSelector: run.value("field-selector"),
    at: run.value("at"),
  });

async function itemsOf(run: Run, target: Target): Promise<{ target: Target; item: Item }[]> {
  const found = await run.api.json<Item & { items?: Item[]; apiVersion: string }>("GET", urlOf(run, target));
  const items =
    target.name === undefined
      ? (found.items ?? []).map(i => ({ ...i, apiVersion: found.apiVersion, kind: target.resource.kind }))
      : [found];
  return items.map(item => ({ target, item }));
}

async function printTables(run: Run, targets: readonly Target[]): Promise<void> {
  const all = run.is("all-namespaces");
  const tables = await Promise.all(
    targets.map(async target => {
      const response = await run.api.send("GET", urlOf(run, target), { accept: `${TABLE},application/json` });
      return { resource: target.resource, table: JSON.parse(text(await bytesOf(response))) as Table };
    }),
  );
  // Names of one type share a table, as kubectl prints them.
  const merged = new Map<string, { resource: Target["resource"]; table: Table }>();
  for (const { resource, table } of tables) {
    const key = `${resource.plural}.${resource.group}`;
    const before = merged.get(key)?.table.rows ?? [];
    merged.set(key, { resource, table: { ...table, rows: [...before, ...table.rows] } });
  }
  const shown = [...merged.values()].filter(t => t.table.rows.length > 0);
  if (shown.length === 0) {
    run.out(all || !targets.some(t => t.resource.namespaced) ? "No resources found" : `No resources found in ${run.namespace} namespace.`);
  }
  for (const [i, { resource, table }] of shown.entries()) {
    const prefix = merged.size > 1 ? told(resource, "") : "";
    const style = {
      wide: run.value("output") === "wide",
      namespaces: all && resource.namespaced,
      prefix,
      labels: run.is("show-labels"),
      noHeaders: run.is("no-headers"),
    };
    run.out([...(i > 0 ? [""] : []), ...tableLines(table, style)].join("\n"));
  }
}
