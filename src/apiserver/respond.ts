/** Answers: objects, Status, and whatever goes wrong on the way. */
import { utf8 } from "#base/bytes.ts";
import type { HttpResponse } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import { failure, internalError, type Status, StatusError, serviceUnavailable } from "#base/status.ts";
import { NoSpace } from "#store/contract.ts";

export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return bytes(utf8(`${JSON.stringify(value)}\n`), "application/json", status, headers);
}
export function plain(text: string, status = 200, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return bytes(utf8(text), "text/plain; charset=utf-8", status, { "x-content-type-options": "nosniff", ...headers });
}
export function bytes(body: Uint8Array, type: string, status = 200, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status, headers: { "content-type": type, "content-length": String(body.length), ...headers }, body };
}
export function statusResponse(status: Status): HttpResponse {
  const after = status.details?.retryAfterSeconds;
  return json(status, status.code ?? 200, after ? { "retry-after": String(after) } : {});
}

/** The API's error for anything that was thrown; what nobody foresaw is logged and hidden behind a 500. */
export function statusErrorOf(error: unknown, log: Log): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof NoSpace) return failure(500, "", error.message);
  if (error instanceof Error && error.name === "AbortError") return serviceUnavailable("the request was cut off");
  log.error("a request failed unexpectedly", { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  return internalError(error instanceof Error ? error.message : String(error));
}
