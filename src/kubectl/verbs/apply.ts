/** apply: server-side apply of files; create and delete by files share the reading. */
import { wanted } from "#base/reading.ts";
import { type Item, pathTo, type Resource, told } from "#kubectl/api.ts";
import type { Run, Verb } from "#kubectl/verb.ts";
import { type Flag, UsageError } from "#kubectl/words.ts";

export const FILE: Flag = { name: "filename", letter: "f", value: true, says: "a file of YAML or JSON; - for what is written beside" };
const APPLY = "application/apply-patch+yaml";

export const apply: Verb = {
  name: "apply",
  usage: "-f FILE",
  says: "makes objects as the file has them",
  flags: [FILE, { name: "server-side", says: "always so here" }, { name: "force-conflicts", says: "take fields that others own" }],
  async run(run) {
    for (const { resource, object, path } of await objectsOf(run)) {
      const before = await run.api.json<Item>("GET", path).catch(() => undefined);
      const query = new URLSearchParams({ fieldManager: "kubectl", force: String(run.is("force-conflicts")) });
      const after = await run.api.json<Item & { metadata: { resourceVersion?: string } }>("PATCH", `${path}?${query}`, {
        body: object,
        contentType: APPLY,
      });
      const same = before && (before as typeof after).metadata.resourceVersion === after.metadata.resourceVersion;
      run.out(`${told(resource, object.metadata.name)} ${!before ? "created" : same ? "unchanged" : "serverside-applied"}`);
    }
  },
};

/** Every object of the files named, with where it lives. Throws UsageError. */
export async function objectsOf(run: Run): Promise<{ resource: Resource; object: Item; path: string; collection: string }[]> {
  const files = run.values(FILE.name);
  if (files.length === 0) throw new UsageError("must specify one of -f and -k");
  const texts = await Promise.all(files.map(run.read));
  const { parseYaml } = await wanted(import("#base/yaml.ts"));
  const values = texts.flatMap(parseYaml).flatMap(d => (d.value === null ? [] : [d.value as Item & { items?: Item[] }]));
  return Promise.all(
    values
      .flatMap(v => (v.kind === "List" ? (v.items ?? []) : [v]))
      .map(async object => {
        if (!object.kind) throw new UsageError("Object 'Kind' is missing");
        if (!object.metadata?.name) throw new UsageError(`the ${object.kind} has no metadata.name`);
        const resource = await run.api.served(object.apiVersion, object.kind);
        const namespace = object.metadata.namespace ?? run.namespace;
        return { resource, object, path: pathTo(resource, namespace, object.metadata.name), collection: pathTo(resource, namespace) };
      }),
  );
}
