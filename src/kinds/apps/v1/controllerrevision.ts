import { AGE, NAME } from "#kinds/columns.ts";
import { kind } from "#kinds/kind.ts";
import type { ObjectMeta } from "#kinds/meta/v1/objectmeta.ts";
import { any, int64, type ObjectOf } from "#schema/notation.ts";

function controllerText(metadata: ObjectMeta): string {
  const owner = (metadata.ownerReferences ?? []).find(o => o.controller);
  if (!owner) return "<none>";
  const slash = owner.apiVersion.indexOf("/");
  const kindName = slash < 0 ? owner.kind : `${owner.kind}.${owner.apiVersion.slice(0, slash)}`;
  return `${kindName.toLowerCase()}/${owner.name}`;
}

export const ControllerRevision = kind(
  {
    group: "apps",
    version: "v1",
    kind: "ControllerRevision",
    plural: "controllerrevisions",
    namespaced: true,
    doc: "",
    home: "io.k8s.api.apps.v1",
    fields: {
      data: any(2, ""),
      revision: int64(3, "").required().always(),
    },
  },
  {
    ownColumns: true,
    columns: [
      NAME,
      { name: "Controller", type: "string", doc: "The object whose revision this is.", cell: r => controllerText(r.metadata) },
      { name: "Revision", type: "string", doc: "The revision's number.", cell: r => r.revision },
      AGE,
    ],
  },
);
export interface ControllerRevision extends ObjectOf<typeof ControllerRevision> {}
