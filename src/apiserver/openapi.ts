/** /openapi/v2 and /openapi/v3: made at the first request, never at start (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition). */
import type { Call } from "#apiserver/call.ts";
import { fingerprintOf } from "#apiserver/fingerprint.ts";
import { hash } from "#apiserver/hash.ts";
import { clausesOf } from "#apiserver/negotiate.ts";
import type { PathHandler } from "#apiserver/paths.ts";
import { bytes, json } from "#apiserver/respond.ts";
import { utf8 } from "#base/bytes.ts";
import type { Clock } from "#base/clock.ts";
import type { HttpResponse } from "#base/http.ts";
import { wanted } from "#base/reading.ts";
import { notAcceptable } from "#base/status.ts";
import type { Kind } from "#kinds/kind.ts";
import { ListMeta } from "#kinds/meta/v1/listmeta.ts";
import { DeleteOptions } from "#kinds/meta/v1/options.ts";
import { Status } from "#kinds/meta/v1/status.ts";
import { type CommonTypes, type Json, openApiV2, openApiV3 } from "#schema/openapi.ts";

const COMMON: CommonTypes = { listMeta: ListMeta.node, status: Status.node, deleteOptions: DeleteOptions.node };
const JSON_TYPE = "application/json";
/** gnostic's protobuf form of v2; clients write the version behind an @, newer ones behind a dot. */
const GNOSTIC = /^application\/com\.github\.proto-openapi\.spec\.v2[@.]v1\.0\+protobuf$/;
const GNOSTIC_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const YEAR_MS = 365 * 24 * 3600_000;

function wants(call: Call, others: RegExp | undefined): "json" | "protobuf" {
  const { accept } = call.http.headers;
  if (!accept) return "json";
  for (const { type } of clausesOf(accept)) {
    if (type === JSON_TYPE || type === "*/*" || type === "application/*") return "json";
    if (others?.test(type)) return "protobuf";
  }
  throw notAcceptable(others ? [JSON_TYPE, GNOSTIC_TYPE] : [JSON_TYPE]);
}

export function openApi(kinds: readonly Kind[], release: string, clock: Clock): PathHandler {
  const made = new Map<string, Uint8Array>();
  const keep = (name: string, make: () => Uint8Array): Uint8Array => {
    const known = made.get(name);
    if (known) return known;
    const fresh = make();
    made.set(name, fresh);
    return fresh;
  };
  const served = kinds.filter(k => k.verbs.length > 0);
  const groupVersions = new Map<string, { group: string; version: string }>();
  for (const { group, version } of served) groupVersions.set(group ? `apis/${group}/${version}` : `api/${version}`, { group, version });
  // A document changes when its kinds do, or with the release: no need to make it to know its hash.
  const marks = new Map<string, string>();
  const markOf = (path: string): string => {
    let mark = marks.get(path);
    if (mark === undefined) {
      const of = groupVersions.get(path);
      const prints = served.filter(k => !of || (k.group === of.group && k.version === of.version)).map(fingerprintOf);
      mark = hash(`${release} ${path} ${prints.join(" ")}`).toUpperCase();
      marks.set(path, mark);
    }
    return mark;
  };

  const v2 = async (call: Call): Promise<HttpResponse> => {
    const form = wants(call, GNOSTIC);
    const etag = `"${markOf(`v2 ${form}`)}"`;
    const headers = { etag, vary: "Accept" };
    if (call.http.headers["if-none-match"] === etag) return { status: 304, headers };
    const document = () => openApiV2(kinds, COMMON, release);
    if (form === "json")
      return bytes(
        keep("v2", () => utf8(JSON.stringify(document()))),
        JSON_TYPE,
        200,
        headers,
      );
    const { encodeGnosticV2 } = await wanted(import("#schema/gnostic.ts"));
    return bytes(
      keep("v2 gnostic", () => encodeGnosticV2(document())),
      GNOSTIC_TYPE,
      200,
      headers,
    );
  };
  const index = (): HttpResponse => {
    const paths: Json = {};
    for (const path of [...groupVersions.keys()].sort()) paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${markOf(path)}` };
    return json({ paths });
  };
  const v3 = (call: Call, path: string): HttpResponse | undefined => {
    const of = groupVersions.get(path);
    if (!of) return undefined;
    wants(call, undefined);
    const mark = markOf(path);
    const asked = call.query.get("hash");
    if (asked !== null && asked !== mark) return { status: 301, headers: { location: `/openapi/v3/${path}?hash=${mark}` } };
    const etag = `"${mark}"`;
    const headers: Record<string, string> = { etag, vary: "Accept" };
    if (asked !== null) {
      headers["cache-control"] = "public, immutable";
      headers.expires = new Date(clock.now() + YEAR_MS).toUTCString();
    }
    if (call.http.headers["if-none-match"] === etag) return { status: 304, headers };
    const body = keep(path, () => utf8(JSON.stringify(openApiV3(kinds, of.group, of.version, COMMON, release))));
    return bytes(body, JSON_TYPE, 200, headers);
  };

  return call => {
    const { path } = call.info;
    if (!path.startsWith("/openapi/") || (call.http.method !== "GET" && call.http.method !== "HEAD")) return undefined;
    if (path === "/openapi/v2") return v2(call);
    if (path === "/openapi/v3" || path === "/openapi/v3/") return index();
    return path.startsWith("/openapi/v3/") ? v3(call, path.slice("/openapi/v3/".length)) : undefined;
  };
}
