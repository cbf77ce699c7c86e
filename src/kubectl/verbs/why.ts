/** why: the chain of reasons that brought an object to its state. */
import { text } from "#base/bytes.ts";
import { bytesOf } from "#base/http.ts";
import { oneTarget } from "#kubectl/targets.ts";
import type { Verb } from "#kubectl/verb.ts";

export const why: Verb = {
  name: "why",
  usage: "TYPE/NAME",
  says: "tells why an object is as it is",
  async run(run) {
    const { resource, name } = await oneTarget(run.api, run.words);
    const query = new URLSearchParams({ type: resource.plural, name, namespace: run.namespace, output: "text" });
    run.out(text(await bytesOf(await run.api.send("GET", `/coxswain/why?${query}`))).trimEnd());
  },
};
