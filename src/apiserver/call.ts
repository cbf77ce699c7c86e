/** What travels through the stages of the apiserver, and the ports that the stages ask. */
import type { SubresourceHandler } from "#apiserver/resources.ts";
import type { HttpRequest, HttpResponse, Identity } from "#base/http.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import type { Key } from "#store/contract.ts";

/** What a URL asks for, as upstream's RequestInfo names it. */
export interface RequestInfo {
  readonly isResource: boolean;
  /** get, list, watch, create, update, patch, delete, deletecollection, proxy; or the HTTP method in lower case for other paths. */
  readonly verb: string;
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Path segments after the subresource (proxy). */
  readonly rest: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
}

/** A URL that was read. */
export interface Asked {
  readonly query: URLSearchParams;
  readonly info: RequestInfo;
  /** Of the resource; undefined: it is none, or none that is served. */
  readonly kind: Kind | undefined;
  /** Where it stands, or what is in it; "": it is of no kind. */
  readonly key: Key;
  /** Who answers in place of the kind's verbs. */
  readonly handler: SubresourceHandler | undefined;
  /** The answer may go on for as long as the client likes. */
  readonly lasts: boolean;
}
/** One request on its way through the stages. */
export interface Call extends Asked {
  readonly http: HttpRequest;
  readonly auditId: string;
  /** Milliseconds, wall clock. */
  readonly receivedAt: number;
  /** Set by authenticate; after impersonate it is the impersonated user. */
  user: Identity;
  impersonatedBy: Identity | undefined;
  /** Sentences for `Warning: 299` headers. */
  readonly warnings: string[];
  /** Annotations for the audit event, e.g. authorization.k8s.io/decision. */
  readonly annotations: Record<string, string>;
}
export type Next = (call: Call) => Promise<HttpResponse>;
export type Stage = (call: Call, next: Next) => Promise<HttpResponse>;

/** Who sends this request? Undefined: no credentials that it knows. Throws `unauthorized()` on credentials that are wrong. */
export interface Authenticator {
  authenticate(request: HttpRequest): Promise<Identity | undefined>;
}

export interface Attributes {
  readonly user: Identity;
  readonly verb: string;
  readonly isResource: boolean;
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}
export interface Decision {
  readonly decision: "allow" | "deny" | "none";
  readonly reason: string;
}
/** Who knows at once says so at once. */
export interface Authorizer {
  authorize(attributes: Attributes): Decision | Promise<Decision>;
}

/** A write (or a connect) on its way to the store, as admission sees it. */
export interface Admission {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  /** Changed in place by `admit`. Undefined for DELETE and CONNECT. */
  readonly object: KubeObject | undefined;
  readonly old: KubeObject | undefined;
  readonly user: Identity;
  readonly dryRun: boolean;
  readonly warnings: string[];
}
/** An admission plugin under upstream's name. Refuses by throwing a StatusError (usually `forbidden`). What need not wait promises nothing. */
export interface AdmissionPlugin {
  readonly name: string;
  /** Those that it has a say in; all, where it does not name them. */
  readonly kinds?: readonly Pick<Kind, "group" | "plural">[];
  /** Mutating; runs before validation. */
  admit?(admission: Admission): void | Promise<void>;
  /** Validating; runs after. */
  validate?(admission: Admission): void | Promise<void>;
}

/** The apiserver's own view of objects, fed from the store: for rights, tokens, admission. Never behind its own acknowledged writes. */
export interface Objects {
  get<T extends KubeObject>(kind: Kind<T>, name: string, namespace?: string): T | undefined;
  list<T extends KubeObject>(kind: Kind<T>, namespace?: string): readonly T[];
  /** Resolves when all that was written before the call can be seen here, whichever server on the store wrote it. */
  caughtUp(): Promise<void>;
  /** Calls back on each change; the result ends it. */
  onChange<T extends KubeObject>(kind: Kind<T>, changed: (object: T, gone: boolean) => void): () => void;
}
