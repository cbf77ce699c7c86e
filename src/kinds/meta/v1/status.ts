import { ListMeta } from "#kinds/meta/v1/listmeta.ts";
import { int32, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const StatusCause = object("StatusCause", "One cause of a failure.", {
  reason: string(1, "The kind of cause, for programs."),
  message: string(2, "The cause, in a sentence."),
  field: string(3, "The field that caused it."),
});
export interface StatusCause extends ObjectOf<typeof StatusCause> {}

export const StatusDetails = object("StatusDetails", "More about an answer.", {
  name: string(1, "The name of the object."),
  group: string(2, "The API group of the object."),
  kind: string(3, "The kind or resource of the object."),
  uid: string(6, "The uid of the object."),
  causes: list(4, StatusCause, "The causes of a failure.").atomic(),
  retryAfterSeconds: int32(5, "When to try again."),
});
export interface StatusDetails extends ObjectOf<typeof StatusDetails> {}

export const Status = object("Status", "An answer that is no object: of success, or of failure.", {
  apiVersion: string(0, "The API group and version of this object's schema."),
  kind: string(0, "The kind of this object."),
  metadata: ListMeta(1, "What every list carries.").always(),
  status: string(2, "Success or Failure."),
  message: string(3, "What happened, in a sentence."),
  reason: string(4, "The kind of failure, for programs."),
  details: StatusDetails(5, "More about it."),
  code: int32(6, "The HTTP status."),
});
export interface Status extends ObjectOf<typeof Status> {}
