import type { ValueEvent } from "#base/http.ts";
import { countUpTo } from "#base/ordered.ts";
import { kindOfResource } from "#kinds/all.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import type { Invariant } from "./invariant.ts";

const PATH = /^\/(?:api|apis\/([^/]+))\/([^/]+)\/([^/?]+)\?(.*)$/;

/** Of the changes of a kind, each watch brings every one, once, and in the order of revisions. */
export const watches: Invariant = {
  name: "every watch sees each revision once and in order",
  begin(seen) {
    const wrong: string[] = [];
    /** Of a kind, two revisions that a watch brought one after the other. */
    const steps = new Map<Kind, Map<number, number>>();
    async function* followed(events: AsyncIterable<readonly ValueEvent[]>, kind: Kind, from: string, after: number) {
      let last = after;
      for await (const some of events) {
        for (const { type, object } of some) {
          if (type === "ERROR") continue;
          const { resourceVersion, annotations } = (object as KubeObject).metadata;
          const revision = Number(resourceVersion);
          const bookmark = type === "BOOKMARK";
          // what comes first of all are the objects that there are, until the bookmark that says so
          if (last < 0) {
            if (bookmark && annotations?.["k8s.io/initial-events-end"]) last = revision;
            continue;
          }
          if (bookmark ? revision < last : revision <= last)
            wrong.push(`a watch of ${kind.plural} by ${from} brought revision ${revision} after ${last}`);
          const own = steps.get(kind) ?? new Map<number, number>();
          steps.set(kind, own);
          const least = own.get(revision);
          if (!bookmark && (least === undefined || last < least)) own.set(revision, last);
          last = revision;
        }
        yield some;
      }
    }
    return {
      delivered({ watches: isWatch, request, from }, response) {
        const [, group = "", version = "", plural = "", query = ""] = PATH.exec(request.url) ?? [];
        const { events } = response;
        if (!isWatch || !events || /Selector=/.test(query)) return response;
        const kind = kindOfResource(group, version, plural);
        if (!kind || kind.storedAs) return response;
        const after = Number(/(?:^|&)resourceVersion=(\d+)/.exec(query)?.[1] ?? -1);
        return { ...response, events: followed(events, kind, from, after) };
      },
      quiet() {
        for (const [kind, own] of steps) {
          const all = seen.revisionsOf(kind);
          for (const [revision, before] of own) {
            const missed = all.slice(countUpTo(all, before, itself), countUpTo(all, revision - 1, itself));
            if (missed.length > 0)
              wrong.push(`a watch of ${kind.plural} brought revision ${revision} after ${before}, and not ${missed.join(", ")}`);
          }
          own.clear();
        }
        return wrong.splice(0).at(0);
      },
    };
  },
};
const itself = (n: number) => n;
