/** The change of a plan: files' objects applied, or deleted. */
import type { Cluster, KubeDraft } from "#cluster/create/cluster.ts";
import { documents } from "#cluster/documents.ts";
import { kindAt } from "#cluster/typedclient.ts";

export interface ChangeOptions {
  readonly remove: boolean;
  /** For objects that name none. */
  readonly namespace: string | undefined;
}
/** Throws YamlError, or one sentence for what is no object. */
export function changeOf(texts: readonly string[], { remove, namespace = "default" }: ChangeOptions): (cluster: Cluster) => Promise<void> {
  const drafts = texts.flatMap(documents).map((draft): KubeDraft => {
    const { namespaced } = kindAt(draft);
    return namespaced && !draft.metadata.namespace ? { ...draft, metadata: { ...draft.metadata, namespace } } : draft;
  });
  return async cluster => {
    if (!remove) await cluster.apply(drafts);
    else
      for (const draft of drafts)
        await cluster.client.delete(draft as { apiVersion: "v1"; kind: "Pod" }, draft.metadata.name ?? "", {
          namespace: draft.metadata.namespace,
        });
  };
}
