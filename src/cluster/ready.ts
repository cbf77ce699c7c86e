/** When nodes are ready to take pods. */
import type { Views } from "#client/views.ts";
import { Node } from "#kinds/core/v1/node.ts";

/** Resolves when all these nodes say Ready and their taint for not being so is gone. */
export function whenReady(views: Pick<Views, "of">, names: Iterable<string>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const awaited = new Set(names);
  const stop = views.of(Node).onChange(({ object }) => {
    const isReady = object?.status.conditions?.some(c => c.type === "Ready" && c.status === "True");
    if (!isReady || object?.spec.taints?.some(t => t.key === "node.kubernetes.io/not-ready")) return;
    awaited.delete(object?.metadata.name ?? "");
    if (awaited.size === 0) resolve();
  });
  return promise.finally(stop);
}
