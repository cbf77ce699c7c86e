/** api-resources: every type that is served. */
import { apiVersionOf } from "#kubectl/api.ts";
import { aligned } from "#kubectl/table.ts";
import type { Verb } from "#kubectl/verb.ts";

export const apiResources: Verb = {
  name: "api-resources",
  usage: "",
  says: "lists all types",
  async run(run) {
    const rows = (await run.api.resources()).map(r => [r.plural, r.short.join(","), apiVersionOf(r), String(r.namespaced), r.kind]);
    run.out(aligned([["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"], ...rows]).join("\n"));
  },
};
