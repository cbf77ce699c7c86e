/** From a request for a resource to the verb that answers it. */

import { attributesOf, refusal } from "#apiserver/auth/forbidden.ts";
import { type Body, decodeBody } from "#apiserver/body.ts";
import type { Authorizer, Call } from "#apiserver/call.ts";
import { applyDefaults } from "#apiserver/codec.ts";
import { alignNamespace, create } from "#apiserver/create.ts";
import type { Feed } from "#apiserver/feed.ts";
import { history } from "#apiserver/history.ts";
import { collect, list } from "#apiserver/list.ts";
import { heardOf, listQuery } from "#apiserver/listoptions.ts";
import { type Form, formOf } from "#apiserver/negotiate.ts";
import { getAsAsked, listAsAsked } from "#apiserver/past.ts";
import { patchOf } from "#apiserver/patching.ts";
import { find, type RegistryOptions, type Stored, type Write } from "#apiserver/registry.ts";
import { deletionStatus, remove } from "#apiserver/remove.ts";
import { objectResponse, valueResponse } from "#apiserver/render.ts";
import { scale } from "#apiserver/scale.ts";
import { choiceOf } from "#apiserver/select.ts";
import { includeOf } from "#apiserver/table.ts";
import { type Updated, update } from "#apiserver/update.ts";
import { type Watches, watch } from "#apiserver/watch.ts";
import { deleteOptions, type WriteOptions, writeOptions } from "#apiserver/writeoptions.ts";
import { CAUSE_HEADER, type Cause, type HttpResponse } from "#base/http.ts";
import { limits } from "#base/limits.ts";
import { badRequest, failure, pathNotFound } from "#base/status.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";

export interface ResourceOptions extends RegistryOptions {
  readonly feed: Feed;
  readonly watches: Watches;
  readonly authorizer: Authorizer;
}
/** One request for an object's subresource, or for a kind that is not stored. */
export interface Target {
  readonly call: Call;
  readonly kind: Kind;
  readonly namespace: string;
  readonly form: Form;
}
/** Answers all verbs of a subresource, or of a kind that is not stored. */
export type SubresourceHandler = (options: ResourceOptions, target: Target) => Promise<HttpResponse>;

/** The 405 of a path that has no such verb. */
export const notAllowed = () => failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});

export function writeOf(target: Target, how: Pick<WriteOptions, "dryRun" | "manager">, name = target.call.info.name): Write {
  const { call, kind, namespace } = target;
  return {
    kind,
    namespace,
    name,
    key: name === call.info.name ? call.key : undefined,
    subresource: call.info.subresource,
    user: call.user,
    dryRun: how.dryRun,
    manager: how.manager,
    warnings: call.warnings,
    impersonator: call.impersonatedBy?.name,
    cause: causeOf(call),
  };
}
/** Why a loop writes, as it says itself; what is not of that form is nothing. */
function causeOf(call: Call): Cause | undefined {
  const said = call.http.headers[CAUSE_HEADER];
  if (!said || said.length > limits.causeText) return undefined;
  try {
    const { loop, intent, because } = JSON.parse(said) as Record<string, unknown>;
    if (typeof because !== "string" || typeof loop !== "string" || typeof intent !== "string") return undefined;
    return { loop, intent, because };
  } catch {
    return undefined;
  }
}

/** Answers a request for a resource of the API. */
export function resource(options: ResourceOptions, call: Call): Promise<HttpResponse> {
  const { info, kind, handler } = call;
  if (!kind) throw pathNotFound();
  const namespace = kind.namespaced ? info.namespace : "";
  if (!kind.namespaced && info.namespace && info.resource !== "namespaces") throw pathNotFound();
  if (kind.namespaced && !namespace && info.name && info.verb !== "list" && info.verb !== "watch") throw pathNotFound();
  const form = formOf(call.http, call.query, { transforms: !kind.ephemeral, stream: info.verb === "watch" });
  const target: Target = { call, kind, namespace, form };
  if (handler) return handler(options, target);
  if (info.subresource) return subresource(options, target);
  if (kind.ephemeral || !(kind.verbs as readonly string[]).includes(info.verb)) throw notAllowed();
  return verb(options, target);
}

function subresource(options: ResourceOptions, target: Target): Promise<HttpResponse> {
  const { call, kind } = target;
  const { subresource, verb: v } = call.info;
  if (subresource === "scale" && kind.subresources.scale) return scale(options, target);
  if (subresource === "status" && kind.subresources.status) {
    if (v !== "get" && v !== "update" && v !== "patch") throw notAllowed();
    return verb(options, target);
  }
  throw pathNotFound();
}

function verb(options: ResourceOptions, target: Target): Promise<HttpResponse> {
  switch (target.call.info.verb) {
    case "get":
      return getOne(options, target);
    case "list":
    case "watch":
      return many(options, target);
    case "create":
      return createOne(options, target);
    case "update":
      return replace(options, target);
    case "patch":
      return patchOne(options, target);
    case "delete":
      return deleteOne(options, target);
    case "deletecollection":
      return deleteMany(options, target);
    default:
      throw notAllowed();
  }
}

function getOne(options: ResourceOptions, target: Target): Promise<HttpResponse> {
  const { call, form } = target;
  if (call.query.size > 0 && call.query.has("history")) return history(options, target);
  const include = includeOf(call.query);
  return getAsAsked(options, target).then(stored => objectResponse(form, stored, include, options.clock.now()));
}

async function many(options: ResourceOptions, target: Target): Promise<HttpResponse> {
  const { call, kind, namespace, form } = target;
  const watching = call.info.verb === "watch";
  const query = listQuery(call.query, watching);
  await heardOf(options.store, query.resourceVersion);
  const include = includeOf(call.query);
  const choice = choiceOf(kind, call.query, watching ? nameOnPath(call) : "");
  if (!watching) return list(options, kind, namespace, await listAsAsked(options, target, query), choice, form, include);
  if (call.query.get("at")) throw badRequest("at: a watch has no past: it begins at a resourceVersion");
  return watch(options, { kind, namespace, query, choice, form, include, signal: call.http.signal });
}
/** `/watch/…/pods/x` names one object; a name taken from the field selector is no such thing. */
function nameOnPath(call: Call): string {
  return call.info.path.replace(/\/+$/, "").endsWith(`/${call.info.resource}`) ? "" : call.info.name;
}

async function createOne(options: ResourceOptions, target: Target): Promise<HttpResponse> {
  const { call, kind, namespace, form } = target;
  if (call.info.name || (kind.namespaced && !namespace)) throw notAllowed();
  const how = writeOptions(call, "CreateOptions");
  const body = await decodeBody(call.http, kind, how.directive, call.warnings);
  const stored = await create(options, writeOf(target, how, ""), body.fresh);
  return objectResponse(form, stored, includeOf(call.query), options.clock.now(), 201);
}

/** An update that creates needs the right to create, too. */
const mayCreate = (options: ResourceOptions, call: Call) => async (): Promise<void> => {
  const attributes = { ...attributesOf(call), verb: "create" };
  const { decision, reason } = await options.authorizer.authorize(attributes);
  if (decision !== "allow") throw refusal(attributes, reason);
};

/** A body's name must be that of the URL. */
export function checkName(object: Pick<KubeObject, "metadata">, name: string, namespace: string): void {
  const meta = object.metadata;
  if (!meta.name) throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (meta.name !== name) throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`);
  if (namespace && meta.namespace && meta.namespace !== namespace)
    throw badRequest(`the namespace of the object (${meta.namespace}) does not match the namespace on the request (${namespace})`);
}

function replace(options: ResourceOptions, target: Target): Promise<HttpResponse> {
  const { call, kind } = target;
  const how = writeOptions(call, "UpdateOptions");
  const known = options.parsed.last(kind, call.key);
  const decoding = decodeBody(call.http, kind, how.directive, call.warnings, known?.metadata);
  return decoding instanceof Promise
    ? decoding.then(body => replaceBy(options, target, how, body))
    : replaceBy(options, target, how, decoding);
}
function replaceBy(options: ResourceOptions, target: Target, how: WriteOptions, body: Body): Promise<HttpResponse> {
  const { call, kind, namespace } = target;
  checkName(body, call.info.name, namespace);
  const creates = kind.createOnUpdate && !call.info.subresource ? mayCreate(options, call) : undefined;
  return update(options, writeOf(target, how), body.fresh, { creates, unconditional: false }).then(done => updated(options, target, done));
}
function updated({ clock }: ResourceOptions, { call, form }: Target, { stored, created }: Updated): HttpResponse {
  return objectResponse(form, stored, includeOf(call.query), clock.now(), created ? 201 : 200);
}

async function patchOne(options: ResourceOptions, target: Target): Promise<HttpResponse> {
  const { call, kind, namespace } = target;
  const patch = await patchOf(call, kind);
  const transform = (standing: Stored | undefined) => {
    const object = patch.next(standing?.object, options.clock.now());
    alignNamespace(kind, object, namespace);
    checkName(object, call.info.name, namespace);
    applyDefaults(kind, object);
    return object;
  };
  const write = { ...writeOf(target, patch.how), applies: patch.applies };
  const creates = patch.applies && !call.info.subresource ? mayCreate(options, call) : undefined;
  return updated(options, target, await update(options, write, transform, { creates, unconditional: true }));
}

async function deleteOne(options: ResourceOptions, target: Target): Promise<HttpResponse> {
  const { call, kind, form } = target;
  const { options: how, dryRun } = await deleteOptions(call);
  const { stored, gone } = await remove(options, writeOf(target, { dryRun, manager: "" }), how);
  const status = !gone && how.orphanDependents === false ? 202 : 200;
  if (!gone || kind.deleteReturnsObject) return objectResponse(form, stored, includeOf(call.query), options.clock.now(), status);
  return valueResponse({ ...form, as: "" }, kind, deletionStatus(kind, stored.object), status);
}

/** Deletions of a collection that run at once. */
const WORKERS = 8;
async function deleteMany(options: ResourceOptions, target: Target): Promise<HttpResponse> {
  const { call, kind, namespace, form } = target;
  if (kind.namespaced && !namespace) throw notAllowed();
  const { options: how, dryRun } = await deleteOptions(call);
  const choice = choiceOf(kind, call.query);
  const { items, listed } = await collect(options, kind, namespace, listQuery(call.query, false), choice);
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const { name } = items[next++]!.object.metadata;
      const write = writeOf(target, { dryRun, manager: "" }, name);
      try {
        await remove(options, write, how);
      } catch (error) {
        // Someone else was faster; that is as good.
        if (await find(options, kind, namespace, name!)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(WORKERS, items.length) }, work));
  const deleted = items.map(({ object: { kind: _k, apiVersion: _v, ...rest } }) => rest);
  const apiVersion = kind.group ? `${kind.group}/${kind.version}` : kind.version;
  const metadata = { resourceVersion: String(listed.revision) };
  return valueResponse({ ...form, as: "" }, kind, { kind: `${kind.kind}List`, apiVersion, metadata, items: deleted });
}
