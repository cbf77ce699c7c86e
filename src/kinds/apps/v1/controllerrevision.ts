import { root } from "#base/fielderror.ts";
import { checkImmutable, checkNonnegative } from "#kinds/checks.ts";
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
    doc: "A snapshot of a controller's template, kept so that it can be compared with and gone back to.",
    home: "io.k8s.api.apps.v1",
    fields: {
      data: any(2, "The snapshot itself; it never changes."),
      revision: int64(3, "The number of the revision; a higher one is newer.").required().always(),
    },
  },
  {
    rules: {
      validate: (r, report) => {
        if (r.data === undefined || r.data === null) report.required(root.child("data"), "data is mandatory");
        else if (typeof r.data !== "object" || Array.isArray(r.data))
          report.invalid(root.child("data"), r.data, "data must be a valid JSON object");
        checkNonnegative(report, root.child("revision"), r.revision);
      },
      validateUpdate: (r, old, report) => checkImmutable(report, root.child("data"), r.data, old.data),
    },
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
