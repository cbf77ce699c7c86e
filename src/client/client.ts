/** How every loop, the CLI and tests speak to the apiserver: typed by kind, over any transport. */
import type { Cause, Handler } from "#base/http.ts";
import type { Status } from "#base/status.ts";
import type { Kind, KubeObject, ListOf } from "#kinds/kind.ts";
import type { Draft } from "#schema/notation.ts";

/** A transport is a handler: the apiserver itself with an identity, or HTTPS to one far away (host/https.ts). */
export type Transport = Handler;

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan";
  /** See WatchOptions. */
  readonly metadataOnly?: boolean;
}
export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly bookmarks?: boolean;
  /** WatchList: the objects that exist come first, then a bookmark annotated k8s.io/initial-events-end. */
  readonly initialEvents?: boolean;
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
  /** Only metadata is wanted (PartialObjectMetadata); a server that does not make it sends whole objects. */
  readonly metadataOnly?: boolean;
}
export interface WriteOptions {
  readonly namespace?: string;
  readonly subresource?: string;
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly force?: boolean;
  /** What unknown and repeated fields are met with; the server's default is "Warn". */
  readonly fieldValidation?: "Ignore" | "Warn" | "Strict";
  /** Why a loop writes. */
  readonly cause?: Cause;
}
export interface DeleteOptions {
  readonly cause?: Cause;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
  readonly propagation?: "Background" | "Foreground" | "Orphan";
}
export type PatchType = "json" | "merge" | "strategic" | "apply";

export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly object: T }
  | { readonly type: "ERROR"; readonly status: Status };

/** All throw StatusError with the server's Status; a lost connection is `serviceUnavailable` with an unknown outcome for writes. */
export interface Client {
  get<T extends KubeObject>(kind: Kind<T>, name: string, namespace?: string): Promise<T>;
  list<T extends KubeObject>(kind: Kind<T>, options?: ListOptions): Promise<ListOf<T>>;
  watch<T extends KubeObject>(kind: Kind<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** The same, those together that came together. */
  watchBatches<T extends KubeObject>(kind: Kind<T>, options?: WatchOptions): AsyncIterable<readonly WatchEvent<T>[]>;
  create<T extends KubeObject>(kind: Kind<T>, object: Draft<T>, options?: WriteOptions): Promise<T>;
  update<T extends KubeObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(kind: Kind<T>, name: string, type: PatchType, patch: unknown, options?: WriteOptions): Promise<T>;
  /** Resolves with the object when it stays for now (finalizers, grace), with undefined when it is gone. */
  delete<T extends KubeObject>(kind: Kind<T>, name: string, options?: DeleteOptions): Promise<T | undefined>;
  /** A subresource whose body and answer have kinds of their own: token, binding, eviction, scale. */
  post<In extends KubeObject, Out extends KubeObject>(
    kind: Kind,
    name: string,
    subresource: string,
    body: Draft<In>,
    options?: WriteOptions,
  ): Promise<Out>;
  /** The transport itself, for streams and raw paths. */
  readonly transport: Transport;
}
