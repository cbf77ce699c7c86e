/** Service-account tokens: what they must say, what they are bound to, and how long they live (KEP-1205, KEP-2799, KEP-4193). */

import { type Claims, issuerOf, type Reference, verifyToken } from "#apiserver/auth/jwt.ts";
import { accountGroups, accountUser, CREDENTIAL_ID, NODE_NAME, NODE_UID, POD_NAME, POD_UID } from "#apiserver/auth/users.ts";
import type { Authenticator, Objects } from "#apiserver/call.ts";
import type { Clock } from "#base/clock.ts";
import type { Signer, Verifier } from "#base/crypto.ts";
import type { HttpRequest, Identity } from "#base/http.ts";
import { limits } from "#base/limits.ts";
import { unauthorized } from "#base/status.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { Secret } from "#kinds/core/v1/secret.ts";
import { ServiceAccount } from "#kinds/core/v1/serviceaccount.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";

/** Clocks may differ by so much, and what has been deleted for less still counts. */
const LEEWAY_SECONDS = 60;

/** What issuing and checking tokens needs. */
export interface TokenAuthority {
  /** e.g. https://kubernetes.default.svc.cluster.local */
  readonly issuer: string;
  /** Audiences of this API server; a token without a stated audience gets these. */
  readonly audiences: readonly string[];
  readonly signer: Signer;
  /** Older keys whose tokens still count. */
  readonly olderKeys?: readonly Verifier[];
  readonly objects: Objects;
  readonly clock: Clock;
}

/** The answer to a token; `error` says why it was refused, in upstream's words. */
export type TokenVerdict =
  | { readonly user: Identity; readonly audiences: readonly string[]; readonly error?: undefined }
  | { readonly user?: undefined; readonly error: string };

export class Tokens {
  readonly authority: TokenAuthority;
  private readonly keys: readonly Verifier[];
  private readonly good = new Map<string, Claims>();
  constructor(authority: TokenAuthority) {
    this.authority = authority;
    this.keys = [authority.signer, ...(authority.olderKeys ?? [])];
  }

  /** Whose token is it? `wanted`: the audiences of which it must name one; default: the server's own. */
  check(token: string, wanted: readonly string[] = this.authority.audiences): TokenVerdict {
    const claims = this.claimsOf(token);
    if (claims === undefined) return { error: "invalid bearer token" };
    if (typeof claims === "string") return refused(claims);
    const named = claims.aud.length > 0 ? claims.aud : this.authority.audiences;
    const audiences = named.filter(a => wanted.includes(a));
    if (audiences.length === 0) return refused(`token audiences ${strings(named)} is invalid for the target audiences ${strings(wanted)}`);
    const problem = this.timeProblem(claims) ?? this.bindingProblem(claims);
    return problem === undefined ? { user: userOf(claims), audiences } : refused(problem);
  }

  /** The claims; a sentence when the signature is wrong; undefined when the token is not one of this issuer. */
  private claimsOf(token: string): Claims | string | undefined {
    const known = this.good.get(token);
    if (known !== undefined) return known;
    if (issuerOf(token) !== this.authority.issuer) return undefined;
    const claims = verifyToken(token, this.keys);
    if (claims === undefined) return "invalid signature";
    if (!wellFormed(claims)) return "service account token claims could not be validated due to unexpected private claim";
    if (this.good.size >= limits.verifiedTokens) this.good.delete(this.good.keys().next().value!);
    this.good.set(token, claims);
    return claims;
  }
  private timeProblem({ exp, nbf, iat }: Claims): string | undefined {
    const now = this.authority.clock.now() / 1000;
    if (nbf > now + LEEWAY_SECONDS) return "service account token is not valid yet";
    if (exp < now - LEEWAY_SECONDS) return "service account token has expired";
    return iat > now + LEEWAY_SECONDS ? "service account token is issued in the future" : undefined;
  }
  private bindingProblem({ "kubernetes.io": { namespace, serviceaccount, pod, secret, node } }: Claims): string | undefined {
    const { objects } = this.authority;
    const account = objects.get(ServiceAccount, serviceaccount.name, namespace);
    if (account === undefined) return `serviceaccounts ${JSON.stringify(serviceaccount.name)} not found`;
    if (this.gone(account)) return `service account ${namespace}/${serviceaccount.name} has been deleted`;
    if (account.metadata.uid !== serviceaccount.uid) {
      return `service account UID (${account.metadata.uid}) does not match claim (${serviceaccount.uid})`;
    }
    return (
      this.boundProblem(Secret, secret, namespace, "secret") ??
      this.boundProblem(Pod, pod, namespace, "pod") ??
      // a pod's node is told in the claims, but it is the pod that the token lives with
      (pod === undefined ? this.boundProblem(Node, node, undefined, "node") : undefined)
    );
  }
  private boundProblem<T extends KubeObject>(kind: Kind<T>, to: Reference | undefined, namespace: string | undefined, noun: string) {
    if (to === undefined) return undefined;
    const object = this.authority.objects.get(kind, to.name, namespace);
    if (object === undefined || this.gone(object)) return "service account token has been invalidated";
    const { uid } = object.metadata;
    return uid === to.uid ? undefined : `${noun} UID (${uid}) does not match service account ${noun} ref claim (${to.uid})`;
  }
  /** Deleted for longer than the leeway; a pod's grace period is not over before its deletionTimestamp. */
  private gone({ metadata }: KubeObject): boolean {
    return (
      metadata.deletionTimestamp !== undefined &&
      Date.parse(metadata.deletionTimestamp) < this.authority.clock.now() - LEEWAY_SECONDS * 1000
    );
  }
}

/** As upstream's chain of authenticators words a refusal. */
const refused = (why: string): TokenVerdict => ({ error: `[invalid bearer token, ${why}]` });
/** Go's %q of a list. */
const strings = (list: readonly string[]) => `[${list.map(s => JSON.stringify(s)).join(" ")}]`;

function wellFormed(claims: Claims): boolean {
  const own = claims["kubernetes.io"];
  return (
    Array.isArray(claims.aud) &&
    [claims.exp, claims.nbf, claims.iat].every(t => typeof t === "number") &&
    typeof own?.namespace === "string" &&
    typeof own.serviceaccount?.name === "string" &&
    claims.sub === accountUser({ namespace: own.namespace, name: own.serviceaccount.name })
  );
}
function userOf({ jti, "kubernetes.io": { namespace, serviceaccount, pod, node } }: Claims): Identity {
  const extra: Record<string, string[]> = { [CREDENTIAL_ID]: [`JTI=${jti}`] };
  if (node !== undefined) {
    extra[NODE_NAME] = [node.name];
    if (node.uid !== undefined) extra[NODE_UID] = [node.uid];
  }
  if (pod !== undefined) {
    extra[POD_NAME] = [pod.name];
    extra[POD_UID] = [pod.uid ?? ""];
  }
  return { name: accountUser({ namespace, name: serviceaccount.name }), uid: serviceaccount.uid, groups: accountGroups(namespace), extra };
}

/** `Authorization: Bearer …`. Any token that does not stand is 401; without the header the next authenticator is asked. */
export function byToken(tokens: Tokens): Authenticator {
  return {
    async authenticate(request) {
      const token = bearerOf(request);
      if (token === undefined) return undefined;
      const verdict = tokens.check(token);
      if (verdict.user === undefined) throw unauthorized();
      return verdict.user;
    },
  };
}
const PROTOCOL = "base64url.bearer.authorization.k8s.io.";
/** The token of the Authorization header, or the one that a browser's WebSocket hides among its protocols. */
function bearerOf({ headers }: HttpRequest): string | undefined {
  const [scheme = "", token] = (headers.authorization ?? "").trim().split(" ");
  if (scheme.toLowerCase() === "bearer" && token) return token;
  if (headers.upgrade?.toLowerCase() !== "websocket") return undefined;
  const protocols = (headers["sec-websocket-protocol"] ?? "").split(",").map(p => p.trim());
  const hidden = protocols.filter(p => p.startsWith(PROTOCOL));
  if (hidden.length === 0) return undefined;
  // one token, and another protocol that can be echoed to the client
  if (hidden.length > 1 || protocols.length < 2) throw unauthorized();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(
      Uint8Array.fromBase64(hidden[0]!.slice(PROTOCOL.length), { alphabet: "base64url" }),
    );
  } catch {
    throw unauthorized();
  }
}
