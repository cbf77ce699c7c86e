/** Continue tokens of chunked lists (apiserver/pkg/storage/continue.go): `{"v":"meta.k8s.io/v1","rv":N,"start":"key\0"}`. */
import { text, utf8 } from "#base/bytes.ts";
import { badRequest } from "#base/status.ts";
import type { Key, Revision } from "#store/contract.ts";

const VERSION = "meta.k8s.io/v1";
/** As a token's revision: go on at the newest one. */
export const LATEST = -1;

/**
 * A token that goes on at `from`, which lies below `prefix`. One of a `retained` list, which began in the past, holds as long as the store
 * keeps its revision.
 */
export function encodeContinue(from: Key, prefix: Key, revision: Revision, retained = false): string {
  const token = JSON.stringify({ v: VERSION, rv: revision, start: from.slice(prefix.length), ...(retained && { retained }) });
  return utf8(token).toBase64({ alphabet: "base64url", omitPadding: true });
}
/** Throws BadRequest with upstream's sentences. */
export function decodeContinue(token: string, prefix: Key): { from: Key; revision: Revision; retained: boolean } {
  const bad = (why: string) => badRequest(`invalid continue token: ${why}`);
  let parsed: { v?: unknown; rv?: unknown; start?: unknown; retained?: unknown };
  try {
    parsed = JSON.parse(text(Uint8Array.fromBase64(token, { alphabet: "base64url" })));
  } catch (error) {
    throw bad(`continue key is not valid: ${(error as Error).message}`);
  }
  if (parsed?.v !== VERSION) throw bad(`continue key is not valid: server does not recognize this encoded version ${parsed?.v ?? ""}`);
  const { rv, start } = parsed;
  if (typeof rv !== "number" || !Number.isSafeInteger(rv) || rv === 0 || rv < LATEST)
    throw bad("continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  if (typeof start !== "string" || start === "") throw bad("continue key is not valid: encoded start key empty (version meta.k8s.io/v1)");
  const segments = (start.startsWith("/") ? start.slice(1) : start).split("/");
  if (segments.some(s => s === "" || s === "." || s === "..")) throw bad(`continue key is not valid: ${start}`);
  return { from: prefix + segments.join("/"), revision: rv, retained: parsed.retained === true };
}
