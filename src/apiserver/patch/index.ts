/**
 * The four kinds of patch and managedFields, as pure functions. The apiserver calls
 *
 *   applyPatch(contentType, live, patch, kind)      JSON, merge and strategic merge patch: → decoded object, strict problems
 *   apply(kind, live, config, writer, force)        server-side apply: → decoded object with managedFields, or all conflicts
 *   manage(kind, live, next, writer)                → managedFields of what any other write is about to store
 *
 * None changes its arguments; defaults, validation and the store are the caller's.
 */
import { JsonPatchError, jsonPatch } from "#apiserver/patch/jsonpatch.ts";
import { mergePatch } from "#apiserver/patch/merge.ts";
import { StrategicPatchError, strategicPatch } from "#apiserver/patch/strategic.ts";
import { invalid, Report, root } from "#base/fielderror.ts";
import { JsonError, type ParsedJson, parseJson, stringifyJson } from "#base/json.ts";
import { limits } from "#base/limits.ts";
import { badRequest, failure, tooLarge, unsupportedMediaType } from "#base/status.ts";
import { type Decoded, DecodeError, decode, type KindSchema } from "#schema/decode.ts";

export { type Applied, apply } from "#apiserver/patch/apply.ts";
export { type FieldSet, setOf } from "#apiserver/patch/fieldset.ts";
export { manage } from "#apiserver/patch/managed.ts";
export type { ManagedEntry, ManagedKind, ManagedObject, Writer } from "#apiserver/patch/shares.ts";

export const JSON_PATCH = "application/json-patch+json";
export const MERGE_PATCH = "application/merge-patch+json";
export const STRATEGIC_PATCH = "application/strategic-merge-patch+json";
export const APPLY_PATCH = "application/apply-patch+yaml";

export type ParsedPatch = Pick<ParsedJson, "value" | "duplicates">;

/** What a patch that cannot be carried out is answered with; upstream does not say more. */
const rejected = () => failure(422, "Invalid", "the server rejected our request due to an error in our request", {});

/**
 * Applies a patch to an object in the version of `kind`. Throws Status errors: 400 for malformed bodies, 413 for too many
 * operations, 415 for an unknown type, 422 where the operations fail or their outcome does not fit the kind.
 */
export function applyPatch<T>(type: string, live: T, patch: ParsedPatch, kind: KindSchema<T>): Decoded<T> {
  let value: unknown;
  let strict: readonly string[] = [];
  if (type === JSON_PATCH) {
    if (!Array.isArray(patch.value)) throw badRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
    if (patch.value.length > limits.jsonPatchOperations)
      throw tooLarge(`The allowed maximum operations in a JSON patch is ${limits.jsonPatchOperations}, got ${patch.value.length}`);
    value = attempt(() => jsonPatch(live, patch.value));
  } else if (type === MERGE_PATCH || type === STRATEGIC_PATCH) {
    if (typeof patch.value !== "object" || patch.value === null || Array.isArray(patch.value))
      throw badRequest(
        `json: cannot unmarshal ${Array.isArray(patch.value) ? "array" : typeof patch.value} into Go value of type map[string]interface {}`,
      );
    strict = patch.duplicates.map(path => `duplicate field ${JSON.stringify(path)}`);
    value = type === MERGE_PATCH ? mergePatch(live, patch.value) : attempt(() => strategicPatch(kind.schema, live, patch.value));
  } else throw unsupportedMediaType([JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH]);
  try {
    const decoded = decode(kind.schema, { value });
    return { value: decoded.value as T, strict: [...strict, ...decoded.strict] };
  } catch (e) {
    if (!(e instanceof DecodeError)) throw e;
    const report = new Report();
    report.invalid(root.child("patch"), stringifyJson(patch.value), e.message);
    throw invalid("", "", "", report.errors);
  }
}
/** Reads a patch of JSON; throws 400. */
export function parsePatch(bytes: Uint8Array): ParsedPatch {
  try {
    return parseJson(bytes);
  } catch (e) {
    if (e instanceof JsonError) throw badRequest(`error decoding patch: ${e.message}`);
    throw e;
  }
}
function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch (e) {
    if (e instanceof JsonPatchError || (e instanceof StrategicPatchError && e.code === 422)) throw rejected();
    if (e instanceof StrategicPatchError) throw e.code === 400 ? badRequest(e.message) : failure(500, "", e.message);
    throw e;
  }
}
