import type { RequestInfo } from "#apiserver/call.ts";

/** Subresources of a namespace itself; any other third segment is a resource within it. */
const NAMESPACE_SUBRESOURCES = new Set(["status", "finalize"]);
const VERBS: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
const SELECTING = new Set(["list", "watch", "deletecollection"]);

/** Segments as the client meant them; a malformed escape stays as it stands. */
function segmentsOf(path: string): string[] {
  const trimmed = path.replace(/^\/+|\/+$/g, "");
  if (!trimmed) return [];
  return trimmed.split("/").map(s => {
    if (!s.includes("%")) return s;
    try {
      return decodeURIComponent(s);
    } catch {
      return s;
    }
  });
}
const isTrue = (v: string | null) => v !== null && v.toLowerCase() !== "false" && v !== "0";
/** The name that a field selector asks for, when it asks for exactly one and it can stand in a path. */
function exactName(selector: string): string {
  const m = /(?:^|,)metadata\.name==?([^,=!\\]+)(?:,|$)/.exec(selector);
  const name = m?.[1] ?? "";
  return name && name !== "." && name !== ".." && !/[/%]/.test(name) ? name : "";
}

/**
 * What a URL asks for, by the rules of upstream's RequestInfoFactory (apiserver/pkg/endpoints/request/requestinfo.go):
 * `/api/v1/namespaces/n/pods/p/log`, `/apis/apps/v1/deployments`, the old `/api/v1/watch/…` prefix, and paths that are no resource.
 */
export function requestInfoOf(method: string, path: string, query: URLSearchParams): RequestInfo {
  const info = {
    isResource: false,
    verb: method.toLowerCase(),
    path,
    group: "",
    version: "",
    namespace: "",
    resource: "",
    subresource: "",
    name: "",
    rest: "",
    labelSelector: "",
    fieldSelector: "",
  };
  let parts = segmentsOf(path);
  if (parts.length < 3 || (parts[0] !== "api" && parts[0] !== "apis")) return info;
  const grouped = parts[0] === "apis";
  if (grouped && parts.length < 4) return info;
  if (grouped) info.group = parts[1]!;
  parts = parts.slice(grouped ? 2 : 1);
  info.isResource = true;
  info.version = parts[0]!;
  parts = parts.slice(1);

  const prefix = parts[0] === "watch" || parts[0] === "proxy" ? parts[0] : "";
  if (prefix) {
    info.verb = prefix;
    parts = parts.slice(1);
    if (parts.length === 0) return { ...info, isResource: false };
  } else info.verb = VERBS[method] ?? "";

  if (parts[0] === "namespaces" && parts.length > 1) {
    info.namespace = parts[1]!;
    if (parts.length > 2 && !NAMESPACE_SUBRESOURCES.has(parts[2]!)) parts = parts.slice(2);
  }
  info.resource = parts[0] ?? "";
  info.name = parts[1] ?? "";
  if (info.verb !== "proxy") info.subresource = parts[2] ?? "";
  info.rest = parts.slice(3).join("/");

  if (!info.name && info.verb === "get") {
    info.verb = isTrue(query.get("watch")) ? "watch" : "list";
    info.name = exactName(query.get("fieldSelector") ?? "");
  }
  if (!info.name && info.verb === "delete") info.verb = "deletecollection";
  if (!prefix && SELECTING.has(info.verb)) {
    info.fieldSelector = query.get("fieldSelector") ?? "";
    info.labelSelector = query.get("labelSelector") ?? "";
  }
  return info;
}
