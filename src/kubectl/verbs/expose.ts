/** expose: a service before a deployment's pods. */
import { type Item, pathTo } from "#kubectl/api.ts";
import { oneTarget, pathOfTarget } from "#kubectl/targets.ts";
import type { Verb } from "#kubectl/verb.ts";
import { UsageError } from "#kubectl/words.ts";

export const expose: Verb = {
  name: "expose",
  usage: "TYPE/NAME --port=PORT",
  says: "makes a service for its pods",
  flags: [
    { name: "port", value: true, says: "the service's port" },
    { name: "target-port", value: true, says: "the pods' port (the same)" },
    { name: "name", value: true, says: "the service's name (the object's)" },
    { name: "type", value: true, says: "ClusterIP or NodePort" },
  ],
  async run(run) {
    const target = await oneTarget(run.api, run.words);
    const port = run.number("port");
    if (port === undefined) throw new UsageError("couldn't find port via --port flag or introspection");
    const { spec } = await run.api.json<Item>("GET", pathOfTarget(target, run.namespace));
    const selector = (spec?.selector as { matchLabels?: Record<string, string> } | undefined)?.matchLabels;
    if (!selector) throw new UsageError(`cannot expose a ${target.resource.kind}`);
    const name = run.value("name") ?? target.name;
    const body = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name },
      spec: { selector, type: run.value("type") ?? "ClusterIP", ports: [{ port, targetPort: run.number("target-port") ?? port }] },
    };
    await run.api.json("POST", pathTo(await run.api.resource("services"), run.namespace), { body });
    run.out(`service/${name} exposed`);
  },
};
