import { text } from "#base/bytes.ts";
import type { KubeObject } from "#kinds/kind.ts";
import type { Invariant } from "./invariant.ts";

const bodyOf = (body: unknown): unknown => (body instanceof Uint8Array ? JSON.parse(text(body)) : {});

/** What the server has acknowledged stands in the store under that revision. */
export const acknowledged: Invariant = {
  name: "every acknowledged write is readable",
  begin(seen) {
    const owed = new Map<number, { readonly name: string; readonly from: string }>();
    return {
      delivered({ writes, request, from }, response) {
        if (!writes || response.status >= 300 || /[?&]dryRun=/.test(request.url)) return response;
        const { kind, metadata } = (response.value ?? bodyOf(response.body)) as Partial<KubeObject>;
        const { name, resourceVersion } = metadata ?? {};
        if (name && resourceVersion && kind !== "Status") owed.set(Number(resourceVersion), { name, from });
        return response;
      },
      quiet() {
        for (const [revision, { name, from }] of owed) {
          const key = seen.keyAt(revision);
          if (key === undefined) return `the write of ${name} by ${from} was acknowledged at revision ${revision}, which there is not`;
          if (!key.endsWith(`/${name}`))
            return `the write of ${name} by ${from} was acknowledged at revision ${revision}, at which ${key} was written`;
        }
        owed.clear();
        return undefined;
      },
    };
  },
};
