/** logs: what a pod's container has printed. */
import { text } from "#base/bytes.ts";
import { bytesOf } from "#base/http.ts";
import { type Item, pathTo, type Resource } from "#kubectl/api.ts";
import { pathOfTarget } from "#kubectl/targets.ts";
import type { Run, Verb } from "#kubectl/verb.ts";
import { UsageError } from "#kubectl/words.ts";

export const logs: Verb = {
  name: "logs",
  usage: "POD | TYPE/NAME",
  says: "shows what a container has printed",
  flags: [
    { name: "container", letter: "c", value: true, says: "which container" },
    { name: "previous", letter: "p", says: "of the run before" },
    { name: "tail", value: true, says: "how many of the last lines" },
  ],
  async run(run) {
    const [word = ""] = run.words;
    if (!word) throw new UsageError("expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'");
    const pods = await run.api.resource("pods");
    const name = await podNamed(run, pods, word);
    const query = { container: run.value("container"), previous: run.is("previous") ? "true" : undefined, tailLines: run.value("tail") };
    const response = await run.api.send("GET", pathTo(pods, run.namespace, `${name}/log`, query), { accept: "*/*" });
    run.out(text(await bytesOf(response)).trimEnd());
  },
};

/** A pod by its name, or the first of a set. */
async function podNamed(run: Run, pods: Resource, word: string): Promise<string> {
  const [type = "", name] = word.split("/");
  if (name === undefined) return word;
  const resource = await run.api.resource(type);
  if (resource.kind === "Pod") return name;
  const { spec } = await run.api.json<Item>("GET", pathOfTarget({ resource, name }, run.namespace));
  const labels = (spec?.selector as { matchLabels?: Record<string, string> } | undefined)?.matchLabels ?? {};
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const { items } = await run.api.json<{ items: Item[] }>("GET", pathTo(pods, run.namespace, "", { labelSelector }));
  if (!items[0]) throw new UsageError(`no pods of ${word} were found`);
  return items[0].metadata.name;
}
