/** Which objects a command is about: TYPE NAME…, TYPE/NAME…, TYPE,TYPE, or all of a type. */
import { type Api, pathTo, type Resource } from "#kubectl/api.ts";
import { UsageError } from "#kubectl/words.ts";

export interface Target {
  readonly resource: Resource;
  /** Undefined: the collection. */
  readonly name: string | undefined;
}

/** Throws UsageError. */
export async function targetsOf(api: Api, words: readonly string[]): Promise<Target[]> {
  const [types = "", ...names] = words;
  if (!types)
    throw new UsageError('You must specify the type of resource. Use "api-resources" for a complete list of supported resources.');
  if (words.some(w => w.includes("/"))) {
    return Promise.all(
      words.map(async word => {
        const [type = "", name = "", ...rest] = word.split("/");
        if (!type || !name || rest.length)
          throw new UsageError(
            "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form",
          );
        return { resource: await api.resource(type), name };
      }),
    );
  }
  const resources = (
    await Promise.all(types.split(",").map(t => (t === "all" ? api.category("all") : api.resource(t).then(r => [r]))))
  ).flat();
  if (names.length === 0) return resources.map(resource => ({ resource, name: undefined }));
  return resources.flatMap(resource => names.map(name => ({ resource, name })));
}

/** As targetsOf, where each object must be named. */
export async function namedTargets(api: Api, words: readonly string[]): Promise<{ resource: Resource; name: string }[]> {
  return (await targetsOf(api, words)).map(({ resource, name }) => {
    if (name === undefined) throw new UsageError("resource(s) were provided, but no name was specified");
    return { resource, name };
  });
}
/** As namedTargets, for a command about one object. */
export async function oneTarget(api: Api, words: readonly string[]): Promise<{ resource: Resource; name: string }> {
  const [first, ...others] = await namedTargets(api, words);
  if (!first || others.length) throw new UsageError("exactly one object must be named");
  return first;
}
export const pathOfTarget = ({ resource, name }: Target, namespace: string): string => pathTo(resource, namespace, name);
