/** create: from a file, or a deployment, namespace or config map by flags. */
import { pathTo, told } from "#kubectl/api.ts";
import type { Run, Verb } from "#kubectl/verb.ts";
import { FILE, objectsOf } from "#kubectl/verbs/apply.ts";
import { UsageError } from "#kubectl/words.ts";

export const create: Verb = {
  name: "create",
  usage: "-f FILE | deployment NAME --image=IMAGE | namespace NAME | configmap NAME --from-literal=K=V",
  says: "makes an object that is not there yet",
  flags: [
    FILE,
    { name: "image", value: true, says: "the container's image" },
    { name: "replicas", letter: "r", value: true, says: "how many pods (1)" },
    { name: "from-literal", value: true, says: "KEY=VALUE of a config map" },
  ],
  async run(run) {
    if (run.values(FILE.name).length > 0) {
      for (const { resource, object, collection } of await objectsOf(run)) {
        await run.api.json("POST", collection, { body: object });
        run.out(`${told(resource, object.metadata.name)} created`);
      }
      return;
    }
    const [type = "", name = ""] = run.words;
    if (!name) throw new UsageError(`exactly one NAME is required, got ${Math.max(0, run.words.length - 1)}`);
    const resource = await run.api.resource(type);
    const make = MADE[resource.plural];
    if (!make) throw new UsageError(`${resource.plural} can be created from a file: create -f FILE`);
    await run.api.json("POST", pathTo(resource, run.namespace), { body: make(name, run) });
    run.out(`${told(resource, name)} created`);
  },
};

const MADE: Readonly<Record<string, (name: string, run: Run) => object>> = {
  namespaces: name => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }),
  configmaps: (name, run) => {
    const pairs = run.values("from-literal").map(pair => {
      const at = pair.indexOf("=");
      if (at < 1) throw new UsageError(`invalid literal source ${pair}, expected key=value`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    });
    return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: Object.fromEntries(pairs) };
  },
  deployments: (name, run) => {
    const image = run.value("image");
    if (!image) throw new UsageError('required flag(s) "image" not set');
    const labels = { app: name };
    const container = /([^/:@]+)(?:[:@][^/]*)?$/.exec(image)?.[1] ?? name;
    return {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, labels },
      spec: {
        replicas: run.number("replicas") ?? 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: container, image }] } },
      },
    };
  },
};
