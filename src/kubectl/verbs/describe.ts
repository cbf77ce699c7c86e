/** describe: an object's fields and the events about it. */
import { ageOf, parseTime } from "#base/time.ts";
import { toYaml } from "#base/yamlwriter.ts";
import { type Item, pathTo } from "#kubectl/api.ts";
import { aligned } from "#kubectl/table.ts";
import { pathOfTarget, targetsOf } from "#kubectl/targets.ts";
import type { Run, Verb } from "#kubectl/verb.ts";

interface EventItem {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string;
  readonly eventTime?: string;
  readonly count?: number;
  readonly source?: { readonly component?: string };
  readonly reportingComponent?: string;
}

export const describe: Verb = {
  name: "describe",
  usage: "TYPE NAME",
  says: "shows an object with its events",
  async run(run) {
    const targets = await targetsOf(run.api, run.words);
    const found = await Promise.all(
      targets.map(async t => {
        const answer = await run.api.json<Item & { items?: Item[] }>("GET", pathOfTarget(t, run.namespace));
        return t.name === undefined ? (answer.items ?? []).map(i => ({ ...i, kind: t.resource.kind })) : [answer];
      }),
    );
    for (const [i, item] of found.flat().entries()) run.out(`${i > 0 ? "\n\n" : ""}${await described(run, item)}`);
  },
};

async function described(run: Run, item: Item): Promise<string> {
  const { name, namespace, labels, annotations } = item.metadata;
  const pairs = (map: Readonly<Record<string, string>> | undefined, by: string) => {
    const list = Object.entries(map ?? {}).map(([key, value]) => `${key}${by}${value}`);
    return list.length ? list : ["<none>"];
  };
  const field = (head: string, values: readonly string[]) => values.map((v, i) => `${(i === 0 ? `${head}:` : "").padEnd(14)}${v}`);
  const body = Object.entries(item).filter(([key]) => !["apiVersion", "kind", "metadata"].includes(key));
  return [
    ...field("Name", [name]),
    ...(namespace ? field("Namespace", [namespace]) : []),
    ...field("Labels", pairs(labels, "=")),
    ...field("Annotations", pairs(annotations, ": ")),
    ...body.map(([key, value]) => `${key[0]?.toUpperCase()}${key.slice(1)}:\n${indented(toYaml(value))}`),
    ...(await eventLines(run, item)),
  ].join("\n");
}
const indented = (text: string) => text.trimEnd().replaceAll(/^/gm, "  ");

async function eventLines(run: Run, { kind, metadata: { name, namespace = "default", uid } }: Item): Promise<string[]> {
  const events = await run.api.resource("events");
  const fieldSelector = `involvedObject.kind=${kind},involvedObject.name=${name}${uid && kind !== "Node" ? `,involvedObject.uid=${uid}` : ""}`;
  const { items } = await run.api.json<{ items: EventItem[] }>("GET", pathTo(events, namespace, "", { fieldSelector }));
  if (items.length === 0) return ["Events:        <none>"];
  const at = (e: EventItem) => e.lastTimestamp ?? e.eventTime ?? "";
  const rows = items
    .sort((a, b) => (parseTime(at(a)) ?? 0) - (parseTime(at(b)) ?? 0))
    .map(e => {
      const times = (e.count ?? 1) > 1 ? ` (x${e.count})` : "";
      return [
        `  ${e.type}`,
        e.reason ?? "",
        `${ageOf(at(e), run.clock.now())}${times}`,
        e.source?.component || e.reportingComponent || "",
        e.message ?? "",
      ];
    });
  return [
    "Events:",
    ...aligned([["  Type", "Reason", "Age", "From", "Message"], ["  ----", "------", "----", "----", "-------"], ...rows]),
  ];
}
