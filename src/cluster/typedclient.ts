/** A client for people: kinds by their literal names, with the types of src/kinds. */
import type { Client, DeleteOptions, ListOptions, PatchType, WatchEvent, WatchOptions, WriteOptions } from "#client/client.ts";
import { DraftError } from "#cluster/documents.ts";
import { type BuiltInKind, kindNamed } from "#kinds/all.ts";
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

/** All reject with StatusError, which holds the server's Status. */
export interface TypedClient {
  get<const R extends Ref>(ref: R, name: string, namespace?: string): Promise<ObjectAt<R>>;
  list<const R extends Ref>(ref: R, options?: ListOptions): Promise<ListOf<ObjectAt<R>>>;
  watch<const R extends Ref>(ref: R, options?: WatchOptions): AsyncIterable<WatchEvent<ObjectAt<R>>>;
  create<const R extends Ref>(object: R & DraftAt<R>, options?: WriteOptions): Promise<ObjectAt<R>>;
  /** Replaces an object that was read. */
  update<T extends KubeObject>(object: T, options?: WriteOptions): Promise<T>;
  /** A strategic merge patch unless `type` says otherwise. */
  patch<const R extends Ref>(
    ref: R,
    name: string,
    patch: unknown,
    options?: WriteOptions & { readonly type?: PatchType },
  ): Promise<ObjectAt<R>>;
  /** Resolves with the object when it stays for now (finalizers, grace), with undefined when it is gone. */
  delete<const R extends Ref>(ref: R, name: string, options?: DeleteOptions): Promise<ObjectAt<R> | undefined>;
}

/** The kind that an object or a pair names; throws when there is none. */
export function kindAt({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): Kind {
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
      await before();
      return client.get(of(ref), name, namespace);
    },
    async list(ref, options) {
      await before();
      return client.list(of(ref), options);
    },
    async *watch(ref, options) {
      await before();
      yield* client.watch(of(ref), options);
    },
    async create<R extends Ref>(object: R & DraftAt<R>, options?: WriteOptions) {
      await before();
      return client.create(of<R>(object), object as unknown as Draft<ObjectAt<R> & KubeObject>, options);
    },
    async update<T extends KubeObject>(object: T, options?: WriteOptions) {
      await before();
      return client.update(kindAt(object) as Kind<T>, object, options);
    },
    async patch(ref, name, patch, { type = "strategic", ...options } = {}) {
      await before();
      return client.patch(of(ref), name, type, patch, options);
    },
    async delete(ref, name, options) {
      await before();
      return client.delete(of(ref), name, options);
    },
  };
}
