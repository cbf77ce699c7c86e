/** Errors as API clients see them: `Status` objects (meta/v1) with upstream's reasons and sentences. */
export interface Status {
  kind: "Status";
  apiVersion: "v1";
  metadata: { resourceVersion?: string; continue?: string };
  status: "Success" | "Failure";
  message?: string;
  reason?: StatusReason;
  details?: StatusDetails;
  code?: number;
}
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}
export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}
export type StatusReason =
  | "Unauthorized"
  | "Forbidden"
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Gone"
  | "Invalid"
  | "ServerTimeout"
  | "Timeout"
  | "TooManyRequests"
  | "BadRequest"
  | "MethodNotAllowed"
  | "NotAcceptable"
  | "RequestEntityTooLarge"
  | "UnsupportedMediaType"
  | "InternalError"
  | "Expired"
  | "ServiceUnavailable"
  | "UnknownError"
  | "";

/** A resource as error sentences name it: `deployments.apps "x" not found`. */
export interface ResourceName {
  readonly group: string;
  readonly resource: string;
}
const qualified = (r: ResourceName) => (r.group ? `${r.resource}.${r.group}` : r.resource);

/** Thrown across the API's rooms; the pipeline turns it into the answer, the client's transport back into this. */
export class StatusError extends Error {
  readonly status: Status;
  constructor(status: Status) {
    super(status.message ?? status.reason ?? "unknown error");
    this.status = status;
  }
  get code(): number {
    return this.status.code ?? 500;
  }
  get reason(): StatusReason {
    return this.status.reason ?? "";
  }
}
/** The reason of an error if it is one of the API's, else "". */
export function reasonOf(error: unknown): StatusReason {
  return error instanceof StatusError ? error.reason : "";
}

export function failure(code: number, reason: StatusReason, message: string, details?: StatusDetails): StatusError {
  return new StatusError(failed(code, reason, message, details));
}
export function failed(code: number, reason: StatusReason, message: string, details?: StatusDetails): Status {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, ...(details && { details }), code };
}
const named = (r: ResourceName, name: string, more?: StatusDetails): StatusDetails => ({
  name,
  ...(r.group && { group: r.group }),
  kind: r.resource,
  ...more,
});

export const notFound = (r: ResourceName, name: string) => failure(404, "NotFound", `${qualified(r)} "${name}" not found`, named(r, name));
export const pathNotFound = () => failure(404, "NotFound", "the server could not find the requested resource", {});
export const alreadyExists = (r: ResourceName, name: string) =>
  failure(409, "AlreadyExists", `${qualified(r)} "${name}" already exists`, named(r, name));
export const conflict = (r: ResourceName, name: string, why: string) =>
  failure(409, "Conflict", `Operation cannot be fulfilled on ${qualified(r)} "${name}": ${why}`, named(r, name));
export const MODIFIED = "the object has been modified; please apply your changes to the latest version and try again";
export const badRequest = (message: string) => failure(400, "BadRequest", message);
export const unauthorized = () => failure(401, "Unauthorized", "Unauthorized");
export const forbidden = (r: ResourceName, name: string, why: string) =>
  failure(
    403,
    "Forbidden",
    r.resource ? `${qualified(r)}${name ? ` "${name}"` : ""} is forbidden: ${why}` : `forbidden: ${why}`,
    named(r, name),
  );
export const notAcceptable = (accepted: readonly string[]) =>
  failure(406, "NotAcceptable", `only the following media types are accepted: ${accepted.join(", ")}`);
export const unsupportedMediaType = (accepted: readonly string[]) =>
  failure(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );
export const tooLarge = (message: string) => failure(413, "RequestEntityTooLarge", message);
export const expired = (message: string) => failure(410, "Expired", message);
export const tooManyRequests = (message: string, retryAfterSeconds: number) =>
  failure(429, "TooManyRequests", message, { retryAfterSeconds });
export const internalError = (why: string) =>
  failure(500, "InternalError", `Internal error occurred: ${why}`, { causes: [{ message: why }] });
export const serviceUnavailable = (message: string) => failure(503, "ServiceUnavailable", message);
