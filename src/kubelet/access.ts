/** Who may use the node's own API: client certificates or bearer tokens (TokenReview), then the apiserver's word (SubjectAccessReview). */
import type { Clock } from "#base/clock.ts";
import type { HttpRequest, Identity } from "#base/http.ts";
import type { Client } from "#client/client.ts";
import { TokenReview } from "#kinds/authentication/v1/tokenreview.ts";
import { SubjectAccessReview } from "#kinds/authorization/v1/subjectaccessreview.ts";

/** Milliseconds that answers are kept, and how many. */
const KEPT = { token: 120_000, allowed: 300_000, denied: 30_000, most: 1000 };
const VERBS: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Subresources of nodes that a path belongs to, the finest first; any of them is enough (KEP-2862). */
export function subresourcesOf(path: string): readonly string[] {
  const under = (at: string) => path === at || path.startsWith(`${at}/`);
  if (under("/stats")) return ["stats"];
  if (under("/metrics")) return ["metrics"];
  if (under("/logs")) return ["log"];
  if (under("/checkpoint")) return ["checkpoint"];
  if (under("/healthz")) return ["healthz", "proxy"];
  if (under("/configz")) return ["configz", "proxy"];
  if (under("/pods") || under("/runningpods")) return ["pods", "proxy"];
  return ["proxy"];
}

export class Access {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #node: string;
  readonly #kept = new Map<string, { readonly until: number; readonly value: unknown }>();

  constructor(client: Client, clock: Clock, node: string) {
    this.#client = client;
    this.#clock = clock;
    this.#node = node;
  }

  /** Undefined: nobody known. */
  async whoIs(request: HttpRequest): Promise<Identity | undefined> {
    if (request.identity) return request.identity;
    const certificate = request.peer?.certificate;
    if (certificate) return { name: certificate.commonName, groups: [...certificate.organizations, "system:authenticated"] };
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (!token) return undefined;
    return this.#remembered(`token ${token}`, async () => {
      const { status } = await this.#client.create(TokenReview, {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token },
      });
      const { username = "", uid, groups = [], extra } = status.user ?? {};
      const identity: Identity | undefined = status.authenticated
        ? { name: username, ...(uid && { uid }), groups, ...(extra && { extra }) }
        : undefined;
      return { value: identity, keep: identity ? KEPT.token : KEPT.denied };
    });
  }
  /** Undefined: allowed; else the sentence of the refusal. */
  async refusal(user: Identity, method: string, path: string): Promise<string | undefined> {
    const verb = VERBS[method] ?? "";
    const subresources = subresourcesOf(path);
    for (const subresource of subresources) {
      const { name, uid, groups, extra } = user;
      const allowed = await this.#remembered(JSON.stringify([user, verb, subresource]), async () => {
        const { status } = await this.#client.create(SubjectAccessReview, {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SubjectAccessReview",
          spec: {
            user: name,
            groups: [...groups],
            ...(uid && { uid }),
            ...(extra && { extra: Object.fromEntries(Object.entries(extra).map(([k, v]) => [k, [...v]])) }),
            resourceAttributes: { verb, group: "", version: "v1", resource: "nodes", subresource, name: this.#node },
          },
        });
        return { value: status.allowed, keep: status.allowed ? KEPT.allowed : KEPT.denied };
      });
      if (allowed) return undefined;
    }
    return `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(" ")}])`;
  }

  async #remembered<T>(key: string, ask: () => Promise<{ value: T; keep: number }>): Promise<T> {
    const known = this.#kept.get(key);
    if (known && known.until > this.#clock.monotonic()) return known.value as T;
    const { value, keep } = await ask();
    this.#kept.delete(key);
    this.#kept.set(key, { until: this.#clock.monotonic() + keep, value });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT.most && oldest !== undefined) this.#kept.delete(oldest);
    return value;
  }
}
