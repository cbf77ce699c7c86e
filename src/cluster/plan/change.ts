/** The change of a plan: files' objects applied, or deleted. */
import type { Cluster, KubeDraft } from "#cluster/create/cluster.ts";
import { documents } from "#cluster/documents.ts";
import { DraftError } from "#cluster/drafterror.ts";
import { kindAt } from "#cluster/typedclient.ts";

export interface ChangeOptions {
  readonly remove: boolean;
  /** For objects that name none. */
  readonly namespace: string | undefined;
}
export interface ChangeFile {
  readonly name: string;
  readonly text: string;
}
/** Throws DraftError, which names the file. */
export function changeOf(
  files: readonly ChangeFile[],
  { remove, namespace = "default" }: ChangeOptions,
): (cluster: Cluster) => Promise<void> {
  const found = files.flatMap(({ name, text }) => documents(text, name));
  if (found.length === 0) throw new DraftError(`${files.map(f => f.name).join(", ")}: no objects passed to apply`);
  const drafts = found.map((draft): KubeDraft => {
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
