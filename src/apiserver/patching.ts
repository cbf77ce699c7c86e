/** A PATCH as it came in, ready to be applied to the live object as often as the transaction asks for it. */
import { type Document, parseDocument, readBody, valueDocument } from "#apiserver/body.ts";
import type { Call } from "#apiserver/call.ts";
import { writeJson } from "#apiserver/codec.ts";
import { resetFields } from "#apiserver/manage.ts";
import {
  APPLY_PATCH,
  apply,
  applyPatch,
  JSON_PATCH,
  MERGE_PATCH,
  type ParsedPatch,
  parsePatch,
  STRATEGIC_PATCH,
} from "#apiserver/patch/index.ts";
import type { AnyObject } from "#apiserver/registry.ts";
import { type WriteOptions, writeOptions } from "#apiserver/writeoptions.ts";
import { invalid, Report, root } from "#base/fielderror.ts";
import { badRequest, unsupportedMediaType } from "#base/status.ts";
import type { Kind } from "#kinds/kind.ts";

const TYPES = [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH];

export interface Patch {
  readonly how: WriteOptions;
  /** Server-side apply: it brings its managedFields along, and creates what is missing. */
  readonly applies: boolean;
  /** The patched object, decoded but not defaulted. Undefined is taken by apply alone. */
  next(live: AnyObject | undefined, now: number): AnyObject;
}

/** Reads a patch; throws 415 for a type that nobody knows, 400 for a malformed body. */
export async function patchOf(call: Call, kind: Kind): Promise<Patch> {
  const type = (call.http.headers["content-type"] ?? "").split(";")[0]!.trim().toLowerCase();
  if (!TYPES.includes(type)) throw unsupportedMediaType(TYPES);
  const applies = type === APPLY_PATCH;
  const how = writeOptions(call, "PatchOptions", applies);
  const { value } = call.http;
  const bytes = value === undefined ? await readBody(call.http) : undefined;
  if (applies) return applyOf(call, kind, bytes ? await document(bytes) : valueDocument(value), how);
  return plainPatch(call, kind, type, bytes ? () => parsePatch(bytes) : () => ({ value, duplicates: [] }), how);
}

function plainPatch(call: Call, kind: Kind, type: string, patch: () => ParsedPatch, how: WriteOptions): Patch {
  return {
    how,
    applies: false,
    next(live) {
      const { value, strict } = applyPatch<AnyObject>(type, live!, patch(), kind as never);
      if (strict.length > 0 && how.directive === "Warn") call.warnings.push(...strict);
      if (strict.length > 0 && how.directive === "Strict") {
        const report = new Report();
        report.invalid(root.child("patch"), writeJson(value), `strict decoding error: ${strict.join(", ")}`);
        throw invalid("", "", "", report.errors);
      }
      return value;
    },
  };
}

function applyOf(call: Call, kind: Kind, { value, problems, repeated }: Document, how: WriteOptions): Patch {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw badRequest("error decoding YAML: json: cannot unmarshal value into Go value of type map[string]interface {}");
  const config = value as Record<string, unknown>;
  return {
    how,
    applies: true,
    next(live, now) {
      const writer = { manager: how.manager, subresource: call.info.subresource, now, reset: resetFields(kind, call.info.subresource) };
      const { value: next } = apply<AnyObject>(kind as never, live, config, writer, how.force);
      const doubles = [
        ...problems,
        ...[...(repeated?.values() ?? [])].flatMap(twice).map(k => `key ${JSON.stringify(k)} already set in map`),
      ];
      if (doubles.length > 0 && how.directive === "Warn") call.warnings.push(...doubles);
      if (doubles.length > 0 && how.directive === "Strict") throw badRequest(`error strict decoding YAML: ${doubles.join(", ")}`);
      return next;
    },
  };
}
const twice = (keys: readonly string[]) => [...new Set(keys.filter((k, i) => keys.indexOf(k) !== i))];

async function document(bytes: Uint8Array) {
  try {
    return await parseDocument(bytes, bytes[0] === 0x7b ? "json" : "yaml");
  } catch (error) {
    throw badRequest(`error decoding YAML: ${(error as Error).message}`);
  }
}
