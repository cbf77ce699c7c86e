/** The query of writes, and DeleteOptions (meta/v1/validation). */

import { type Directive, decodeBody, readBody } from "#apiserver/body.ts";
import type { Call } from "#apiserver/call.ts";
import { boolean } from "#apiserver/listoptions.ts";
import { invalid, Report, root } from "#base/fielderror.ts";
import type { HttpRequest } from "#base/http.ts";
import { limits } from "#base/limits.ts";
import { badRequest } from "#base/status.ts";
import { kind } from "#kinds/kind.ts";
import { DeleteOptions } from "#kinds/meta/v1/options.ts";

const MANAGER_MAX = 128;

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly manager: string;
  readonly directive: Directive;
  readonly force: boolean;
}

function checkDryRun(values: readonly string[], report: Report): void {
  if (values.some(v => v !== "All")) report.notSupported(root.child("dryRun"), values, ["All"]);
}
/** The User-Agent up to its first slash, as upstream names managers that do not say who they are. */
function managerOf(agent: string): string {
  const end = agent.indexOf("/");
  return (end < 0 ? agent : agent.slice(0, end)).replace(/[^\x20-\x7e]/g, "").slice(0, MANAGER_MAX) || "unknown";
}

/** What a write without a query says, by its User-Agent; kept, as the same few write again and again. */
const unsaid = new Map<string, WriteOptions>();
function withoutQuery({ headers }: HttpRequest): WriteOptions {
  const agent = headers["user-agent"] ?? "";
  let options = unsaid.get(agent);
  if (!options) {
    options = { dryRun: false, manager: managerOf(agent), directive: "Warn", force: false };
    if (unsaid.size >= limits.knownAgents) unsaid.clear();
    if (agent.length <= MANAGER_MAX) unsaid.set(agent, options);
  }
  return options;
}

/** `optionsKind`: what upstream calls these options: CreateOptions, UpdateOptions, PatchOptions. */
export function writeOptions(call: Call, optionsKind: "CreateOptions" | "UpdateOptions" | "PatchOptions", apply = false): WriteOptions {
  const { query } = call;
  if (query.size === 0 && !apply) return withoutQuery(call.http);
  const report = new Report();
  const manager = query.get("fieldManager") ?? "";
  const validation = query.get("fieldValidation") ?? "";
  const force = boolean(query, "force");
  if (apply && !manager) report.required(root.child("fieldManager"), "is required for apply patch");
  if (!apply && optionsKind === "PatchOptions" && force !== undefined)
    report.forbidden(root.child("force"), "may not be specified for non-apply patch");
  if (manager.length > MANAGER_MAX) report.tooLong(root.child("fieldManager"), MANAGER_MAX);
  [...manager].forEach((c, at) => {
    if (/\p{C}/u.test(c)) {
      const code = c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
      report.invalid(root.child("fieldManager"), manager, `invalid character U+${code} (at position ${at})`);
    }
  });
  const dryRun = query.getAll("dryRun").filter(v => v !== "");
  checkDryRun(dryRun, report);
  if (!["", "Ignore", "Warn", "Strict"].includes(validation))
    report.notSupported(root.child("fieldValidation"), validation, ["", "Ignore", "Strict", "Warn"]);
  if (!report.ok) throw invalid("meta.k8s.io", optionsKind, "", report.errors);
  return {
    dryRun: dryRun.length > 0,
    manager: manager || managerOf(call.http.headers["user-agent"] ?? ""),
    directive: (validation || "Warn") as Directive,
    force: force ?? false,
  };
}

const Options = kind({
  group: "",
  version: "v1",
  kind: "DeleteOptions",
  plural: "deleteoptions",
  namespaced: false,
  doc: "",
  home: "io.k8s.apimachinery.pkg.apis.meta.v1",
  fields: {},
});
// DeleteOptions is no object of the API (it has no metadata), but it is read as one.
const DeleteOptionsKind = {
  ...Options,
  schema: { ...DeleteOptions.node, fields: { ...Options.schema.fields, ...DeleteOptions.node.fields } },
};

export interface Deletion {
  readonly options: DeleteOptions;
  readonly dryRun: boolean;
}
/** DeleteOptions from the body, or without one from the query. */
export async function deleteOptions(call: Call): Promise<Deletion> {
  const { query } = call;
  const { value } = call.http;
  const bytes = value === undefined ? await readBody(call.http) : undefined;
  let options: DeleteOptions = {};
  if (!bytes || bytes.length > 0) {
    const http = bytes ? { ...call.http, body: bytes } : call.http;
    const body = await decodeBody(http, DeleteOptionsKind, "Ignore", []);
    const { kind: _k, apiVersion: _v, metadata: _m, ...rest } = body.fresh() as unknown as DeleteOptions & Record<string, unknown>;
    options = rest;
  } else {
    const grace = query.get("gracePeriodSeconds");
    if (grace !== null && !/^-?\d+$/.test(grace)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`);
    if (grace !== null) options.gracePeriodSeconds = Number(grace);
    const policy = query.get("propagationPolicy");
    if (policy !== null) options.propagationPolicy = policy;
    const orphan = boolean(query, "orphanDependents");
    if (orphan !== undefined) options.orphanDependents = orphan;
  }
  const dryRun = options.dryRun?.length ? options.dryRun : query.getAll("dryRun").filter(v => v !== "");
  const report = new Report();
  if (options.orphanDependents !== undefined && options.propagationPolicy)
    report.invalid(
      root.child("propagationPolicy"),
      options.propagationPolicy,
      "orphanDependents and deletionPropagation cannot be both set",
    );
  if (options.propagationPolicy && !["Foreground", "Background", "Orphan"].includes(options.propagationPolicy))
    report.notSupported(root.child("propagationPolicy"), options.propagationPolicy, ["Foreground", "Background", "Orphan", "nil"]);
  checkDryRun(dryRun, report);
  if (!report.ok) throw invalid("meta.k8s.io", "DeleteOptions", "", report.errors);
  return { options, dryRun: dryRun.length > 0 };
}
