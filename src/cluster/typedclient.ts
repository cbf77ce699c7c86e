/** A client for people: kinds by their literal names, with the types of src/kinds. */
import type { Status } from "#base/status.ts";
import type { Client, DeleteOptions, ListOptions, PatchType, WatchEvent, WatchOptions, WriteOptions } from "#client/client.ts";
import { DraftError } from "#cluster/drafterror.ts";
import { type BuiltInKind, kindNamed } from "#kinds/all.ts";
import type { Scale } from "#kinds/autoscaling/v1/scale.ts";
import type { Called, Kind, KubeObject, ListOf } from "#kinds/kind.ts";
import type { Draft } from "#schema/notation.ts";

type ApiVersionOf<K> = K extends Called<infer G, infer V, string> ? (G extends "" ? V : `${G}/${V}`) : never;
/** All pairs of apiVersion and kind that there are. */
export type Ref = BuiltInKind extends infer K ? (K extends BuiltInKind ? { apiVersion: ApiVersionOf<K>; kind: K["kind"] } : never) : never;
type KindOf<R extends Ref> = BuiltInKind extends infer K
  ? K extends BuiltInKind
    ? [R["apiVersion"], R["kind"]] extends [ApiVersionOf<K>, K["kind"]]
      ? K
      : never
    : never
  : never;
/** The object that a pair names: `ObjectAt<{ apiVersion: "v1"; kind: "Pod" }>`. */
export type ObjectAt<R extends Ref> = KindOf<R> extends Kind<infer T> ? T : never;
/** What a person writes to create one. */
export type DraftAt<R extends Ref> = Omit<Draft<ObjectAt<R>>, "apiVersion" | "kind"> & R;

/** What a subresource answers: a Scale, whatever it is the scale of. */
type AnswerOf<R extends Ref, O> = O extends { readonly subresource: "scale" } ? Scale : ObjectAt<R>;
/** What a body that is posted to a subresource is answered with. */
type PostedAt<B extends Ref> = B["kind"] extends "Eviction" | "Binding" ? Status : ObjectAt<B>;

/**
 * All reject with StatusError, which holds the server's Status; what cannot be sent at all with DraftError. Fields that a kind does not
 * have are refused, unless `fieldValidation` says otherwise.
 */
export interface TypedClient {
  get<const R extends Ref>(ref: R, name: string, namespace?: string): Promise<ObjectAt<R>>;
  list<const R extends Ref>(ref: R, options?: ListOptions): Promise<ListOf<ObjectAt<R>>>;
  watch<const R extends Ref>(ref: R, options?: WatchOptions): AsyncIterable<WatchEvent<ObjectAt<R>>>;
  create<const R extends Ref>(object: R & DraftAt<R>, options?: WriteOptions): Promise<ObjectAt<R>>;
  /** Replaces an object that was read. */
  update<T extends KubeObject>(object: T, options?: WriteOptions): Promise<T>;
  /** A strategic merge patch unless `type` says otherwise. */
  patch<const R extends Ref, const O extends PatchOptions>(ref: R, name: string, patch: unknown, options?: O): Promise<AnswerOf<R, O>>;
  /** Resolves with the object when it stays for now (finalizers, grace), with undefined when it is gone. */
  delete<const R extends Ref>(ref: R, name: string, options?: DeleteOptions): Promise<ObjectAt<R> | undefined>;
  /** To a subresource whose body has a kind of its own: an Eviction or a Binding to a pod, a TokenRequest to a service account. */
  post<const R extends Ref, const B extends Ref>(
    ref: R,
    name: string,
    subresource: string,
    body: B & DraftAt<B>,
    options?: WriteOptions,
  ): Promise<PostedAt<B>>;
}
export interface PatchOptions extends WriteOptions {
  readonly type?: PatchType;
}

/** The kind that an object or a pair names; throws when there is none. */
export function kindAt(ref: { readonly apiVersion: string; readonly kind: string }): Kind {
  const { apiVersion, kind } = ref ?? {};
  if (typeof apiVersion !== "string" || typeof kind !== "string")
    throw new DraftError(`a kind is named by { apiVersion, kind }, not by ${JSON.stringify(ref)}`);
  const slash = apiVersion.indexOf("/");
  const found = kindNamed(apiVersion.slice(0, Math.max(0, slash)), apiVersion.slice(slash + 1), kind);
  if (!found) throw new DraftError(`no kind is called ${kind} in ${apiVersion}`);
  return found;
}

/** `before` is awaited before each request: a cluster comes to rest first, so that its history does not depend on the caller's own waits. */
export function typedClient(client: Client, before: () => Promise<void>): TypedClient {
  const of = <R extends Ref>(ref: R) => kindAt(ref) as unknown as Kind<ObjectAt<R> & KubeObject>;
  return {
    async get(ref, name, namespace) {
      const kind = of(ref);
      checkPlace(kind, name, namespace);
      await before();
      return client.get(kind, name, namespace);
    },
    async list(ref, options) {
      const kind = of(ref);
      checkOptions(LIST, options);
      await before();
      return client.list(kind, options);
    },
    async *watch(ref, options) {
      const kind = of(ref);
      checkOptions(WATCH, options);
      await before();
      yield* client.watch(kind, options);
    },
    async create<R extends Ref>(object: R & DraftAt<R>, options?: WriteOptions) {
      const kind = of<R>(object);
      const { name, namespace } = (object.metadata ?? {}) as { readonly name?: string; readonly namespace?: string };
      checkOptions(WRITE, options);
      // whether a name is needed is the server's to say
      checkNamespace(kind, name ? `${kind.kind} ${name}` : kind.kind, options?.namespace ?? namespace);
      await before();
      return client.create(kind, object as unknown as Draft<ObjectAt<R> & KubeObject>, { ...STRICT, ...options });
    },
    async update<T extends KubeObject>(object: T, options?: WriteOptions) {
      const kind = kindAt(object) as Kind<T>;
      checkOptions(WRITE, options);
      checkPlace(kind, object.metadata?.name, options?.namespace ?? object.metadata?.namespace);
      await before();
      return client.update(kind, object, { ...STRICT, ...options });
    },
    async patch<R extends Ref, O extends PatchOptions>(ref: R, name: string, patch: unknown, options?: O) {
      const kind = of(ref);
      checkOptions(PATCH, options);
      checkPlace(kind, name, options?.namespace);
      const { type = "strategic", ...more } = options ?? ({} as PatchOptions);
      if (!PATCH_TYPES.includes(type)) throw new DraftError(`type: one of ${PATCH_TYPES.join(", ")}, not ${JSON.stringify(type)}`);
      await before();
      return (await client.patch(kind, name, type, patch, { ...STRICT, ...more })) as AnswerOf<R, O>;
    },
    async delete(ref, name, options) {
      const kind = of(ref);
      checkOptions(DELETE, options);
      checkPlace(kind, name, options?.namespace);
      await before();
      return client.delete(kind, name, options);
    },
    async post(ref, name, subresource, body, options) {
      const kind = of(ref);
      checkOptions(WRITE, options);
      checkPlace(kind, name, options?.namespace);
      kindAt(body);
      await before();
      return client.post(kind as unknown as Kind, name, subresource, body, { ...STRICT, ...options });
    },
  };
}

const STRICT = { fieldValidation: "Strict" } as const;
const PATCH_TYPES: readonly PatchType[] = ["json", "merge", "strategic", "apply"];
const PAGE = ["namespace", "labelSelector", "fieldSelector", "resourceVersion", "metadataOnly"] as const;
const LIST: readonly (keyof ListOptions)[] = [...PAGE, "limit", "continue", "resourceVersionMatch"];
const WATCH: readonly (keyof WatchOptions)[] = [...PAGE, "bookmarks", "initialEvents", "timeoutSeconds", "signal"];
const WRITE: readonly (keyof WriteOptions)[] = ["namespace", "subresource", "dryRun", "fieldManager", "force", "fieldValidation", "cause"];
const PATCH: readonly (keyof PatchOptions)[] = [...WRITE, "type"];
const DELETE: readonly (keyof DeleteOptions)[] = ["namespace", "uid", "resourceVersion", "gracePeriodSeconds", "propagation", "cause"];

/** What a compiler would say of the options. */
function checkOptions(known: readonly string[], options: object | undefined): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null)
    throw new DraftError(`options: an object such as { namespace: "default" }, not ${JSON.stringify(options)}`);
  for (const name of Object.keys(options))
    if (!known.includes(name)) throw new DraftError(`options.${name}: there is no such option; there are ${known.join(", ")}`);
}
/** Without a name, or a namespace where one is needed, a path leads elsewhere. */
export function checkPlace(kind: Kind, name: unknown, namespace: unknown): void {
  if (typeof name !== "string" || name === "") throw new DraftError(`name: which ${kind.kind} is meant must be said`);
  checkNamespace(kind, `${kind.kind} ${name}`, namespace);
}
function checkNamespace({ namespaced }: Kind, called: string, namespace: unknown): void {
  if (namespaced && (typeof namespace !== "string" || namespace === ""))
    throw new DraftError(`namespace: where the ${called} is must be said`);
}
