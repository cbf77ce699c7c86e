import { ListMeta } from "#kinds/meta/v1/listmeta.ts";
import { int32, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const StatusCause = object("StatusCause", "", {
  reason: string(1, ""),
  message: string(2, ""),
  field: string(3, ""),
});
export interface StatusCause extends ObjectOf<typeof StatusCause> {}

export const StatusDetails = object("StatusDetails", "", {
  name: string(1, ""),
  group: string(2, ""),
  kind: string(3, ""),
  uid: string(6, ""),
  causes: list(4, StatusCause, "").atomic(),
  retryAfterSeconds: int32(5, ""),
});
export interface StatusDetails extends ObjectOf<typeof StatusDetails> {}

export const Status = object("Status", "", {
  apiVersion: string(0, "The API group and version of this object's schema."),
  kind: string(0, "The kind of this object."),
  metadata: ListMeta(1, "").always(),
  status: string(2, ""),
  message: string(3, ""),
  reason: string(4, ""),
  details: StatusDetails(5, ""),
  code: int32(6, ""),
});
export interface Status extends ObjectOf<typeof Status> {}
