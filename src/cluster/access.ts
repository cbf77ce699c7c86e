/** Who may do what in a cluster: authenticators, authorizers, admission and the handlers of tokens and reviews, over the apiserver's own view. */
import { admissionPlugins } from "#apiserver/admission/all.ts";
import type { Access } from "#apiserver/apiserver.ts";
import { anonymous, byCertificate, inProcess } from "#apiserver/auth/identity.ts";
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
import type { PathHandler } from "#apiserver/paths.ts";
import { posted } from "#apiserver/post.ts";
import type { SubresourceHandler } from "#apiserver/resources.ts";
import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import type { Signer } from "#base/crypto.ts";
import { kinds } from "#kinds/all.ts";
import { TokenRequest } from "#kinds/authentication/v1/tokenrequest.ts";

export interface AccessParts {
  readonly clock: Clock;
  readonly chance: Chance;
  /** Signs service-account tokens. */
  readonly signer: Signer;
  readonly clusterDomain: string;
}

export function accessOf({ clock, chance, signer, clusterDomain }: AccessParts): (objects: Objects) => Access {
  return objects => {
    const issuer = `https://kubernetes.default.svc.${clusterDomain}`;
    const authority = { issuer, audiences: [issuer], signer, objects, clock };
    const tokens = new Tokens(authority);
    const roles = new Roles(objects);
    const authorizer = union([privileged, nodeAuthorizer(objects), rbac(roles)]);
    const plugins = admissionPlugins({ objects, roles, authorizer, clock, chance });
    const handlers = new Map<string, SubresourceHandler>([
      ["/serviceaccounts/token", posted(TokenRequest, tokenRequests(authority, chance, plugins))],
    ]);
    const answers = reviews({ authorizer, roles, tokens, clock });
    for (const kind of kinds) {
      const answer = answers[kind.kind];
      if (kind.ephemeral && answer) handlers.set(`${kind.group}/${kind.plural}`, posted(kind, answer));
    }
    const documents = discovery(authority);
    const paths: PathHandler = call => documents[call.info.path]?.();
    return {
      authenticators: [inProcess, byCertificate(clock), byToken(tokens), anonymous],
      authorizer,
      plugins,
      handlers,
      paths: [paths],
      dueWrites: () => dueDefaults(objects),
    };
  };
}
