/** delete: objects by name, by file, or all of a type. */
import { type Item, pathTo, type Resource } from "#kubectl/api.ts";
import { pathOfTarget, targetsOf } from "#kubectl/targets.ts";
import type { Run, Verb } from "#kubectl/verb.ts";
import { FILE, objectsOf } from "#kubectl/verbs/apply.ts";
import { UsageError } from "#kubectl/words.ts";

export const remove: Verb = {
  name: "delete",
  usage: "TYPE NAME… | -f FILE",
  says: "deletes objects",
  flags: [
    FILE,
    { name: "all", says: "all of the type" },
    { name: "selector", letter: "l", value: true, says: "labels that they must have" },
    { name: "grace-period", value: true, says: "seconds that pods have to end" },
    { name: "cascade", value: true, says: "background, foreground or orphan" },
  ],
  async run(run) {
    if (run.values(FILE.name).length > 0) {
      for (const { resource, object, path } of await objectsOf(run)) await removeOne(run, resource, object.metadata.name, path);
      return;
    }
    for (const target of await targetsOf(run.api, run.words)) {
      const { resource, name } = target;
      if (name !== undefined) await removeOne(run, resource, name, pathOfTarget(target, run.namespace));
      else await removeAll(run, resource);
    }
  },
};

async function removeAll(run: Run, resource: Resource): Promise<void> {
  const labelSelector = run.value("selector");
  if (!run.is("all") && !labelSelector) throw new UsageError("resource(s) were provided, but no name was specified");
  const { items } = await run.api.json<{ items: Item[] }>("GET", pathTo(resource, run.namespace, "", { labelSelector }));
  if (items.length === 0) run.out("No resources found");
  for (const { metadata } of items) await removeOne(run, resource, metadata.name, pathTo(resource, run.namespace, metadata.name));
}
async function removeOne(run: Run, resource: Resource, name: string, path: string): Promise<void> {
  const grace = run.number("grace-period");
  const cascade = run.value("cascade") ?? "background";
  const propagationPolicy = `${cascade[0]?.toUpperCase()}${cascade.slice(1)}`;
  const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy, ...(grace !== undefined && { gracePeriodSeconds: grace }) };
  await run.api.json("DELETE", path, { body });
  const from = resource.namespaced ? ` from ${run.namespace} namespace` : "";
  run.out(`${resource.singular}${resource.group ? `.${resource.group}` : ""} "${name}" deleted${from}`);
}
