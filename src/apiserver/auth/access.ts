/** Who may do what in a whole cluster: authenticators, authorizers, admission, tokens, reviews and default roles, put together. */
import { admissionPlugins } from "#apiserver/admission/all.ts";
import type { Access } from "#apiserver/apiserver.ts";
import { anonymous, byCertificate } from "#apiserver/auth/identity.ts";
import { nodeAuthorizer } from "#apiserver/auth/node/authorizer.ts";
import { discovery } from "#apiserver/auth/oidc.ts";
import { rbac } from "#apiserver/auth/rbac/authorizer.ts";
import { dueDefaults } from "#apiserver/auth/rbac/bootstrap.ts";
import { Roles } from "#apiserver/auth/rbac/roles.ts";
import { reviews } from "#apiserver/auth/reviews.ts";
import { tokenRequests } from "#apiserver/auth/tokenrequest.ts";
import { byToken, Tokens } from "#apiserver/auth/tokens.ts";
import { privileged, union } from "#apiserver/auth/union.ts";
import type { Objects } from "#apiserver/call.ts";
import { posted } from "#apiserver/post.ts";
import type { SubresourceHandler } from "#apiserver/resources.ts";
import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import type { Signer } from "#base/crypto.ts";
import { kinds } from "#kinds/all.ts";
import { TokenRequest } from "#kinds/authentication/v1/tokenrequest.ts";
import type { KubeObject } from "#kinds/kind.ts";

export interface AccessOptions {
  readonly clock: Clock;
  readonly chance: Chance;
  /** Signs service-account tokens. */
  readonly signer: Signer;
  /** e.g. "cluster.local"; the issuer of tokens is https://kubernetes.default.svc.DOMAIN. */
  readonly clusterDomain: string;
}

/** For `createApiServer`: called when the objects are there. */
export function clusterAccess({ clock, chance, signer, clusterDomain }: AccessOptions): (objects: Objects) => Access {
  return objects => {
    const issuer = `https://kubernetes.default.svc.${clusterDomain}`;
    const authority = { issuer, audiences: [issuer], signer, objects, clock };
    const tokens = new Tokens(authority);
    const roles = new Roles(objects);
    const authorizer = union([privileged, nodeAuthorizer(objects), rbac(roles)]);
    const plugins = admissionPlugins({ objects, roles, authorizer, clock, chance });
    const answers = reviews({ authorizer, roles, tokens, clock });
    const handlers = new Map<string, SubresourceHandler>(
      kinds.flatMap(kind => {
        const answer = answers[kind.kind];
        return answer ? [[`${kind.group}/${kind.plural}`, posted(kind, answer)] as const] : [];
      }),
    );
    const issue = tokenRequests(authority, chance, plugins);
    handlers.set(
      "/serviceaccounts/token",
      posted(TokenRequest, (body, call) => issue(body, call) as Promise<KubeObject>),
    );
    const documents = discovery(authority);
    return {
      authenticators: [byCertificate(clock), byToken(tokens), anonymous],
      authorizer,
      plugins,
      handlers,
      paths: [call => (call.info.verb === "get" ? documents[call.info.path]?.() : undefined)],
      dueWrites: () => dueDefaults(objects),
    };
  };
}
