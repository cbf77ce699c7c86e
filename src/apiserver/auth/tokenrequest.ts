/** POST serviceaccounts/NAME/token: issues a token, bound to a pod, a secret or a node when asked (KEP-1205). */

import { type KubernetesClaims, signToken } from "#apiserver/auth/jwt.ts";
import type { TokenAuthority } from "#apiserver/auth/tokens.ts";
import { accountUser } from "#apiserver/auth/users.ts";
import type { Admission, AdmissionPlugin, Call } from "#apiserver/call.ts";
import { type Chance, uuid } from "#base/chance.ts";
import { invalid, Report, root } from "#base/fielderror.ts";
import { badRequest, conflict, notFound } from "#base/status.ts";
import { formatTime } from "#base/time.ts";
import type { BoundObjectReference, TokenRequest } from "#kinds/authentication/v1/tokenrequest.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { Secret } from "#kinds/core/v1/secret.ts";
import { ServiceAccount } from "#kinds/core/v1/serviceaccount.ts";
import { type Kind, type KubeObject, resourceOf } from "#kinds/kind.ts";
import type { Draft } from "#schema/notation.ts";

const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
/** What the ServiceAccount admission asks for; such a token is made to live a year, for clients that never read it again. */
const EXTENDED_WHEN = 3607;
const EXTENDED_TO = 365 * 24 * 3600;

/**
 * The handler of the token subresource. `call.info` names the account; `plugins` have their say first (NodeRestriction: a kubelet
 * gets tokens for its own pods only); the answer is the request with its status.
 */
export function tokenRequests(
  authority: TokenAuthority,
  chance: Chance,
  plugins: readonly AdmissionPlugin[],
): (body: Draft<TokenRequest>, call: Call) => Promise<TokenRequest> {
  return async (body, call) => {
    const { objects, clock } = authority;
    const { name, namespace } = call.info;
    checkMetadata(body, name, namespace);
    const account = found(objects.get(ServiceAccount, name, namespace), ServiceAccount, name);
    const audiences = body.spec?.audiences?.length ? body.spec.audiences : [...authority.audiences];
    const seconds = body.spec?.expirationSeconds ?? DEFAULT_SECONDS;
    checkSeconds(seconds);
    await admit(plugins, body, call);
    const reference = body.spec?.boundObjectRef;
    const bound = reference ? binding(authority, reference, name, namespace) : {};
    const extended = bound.pod !== undefined && seconds === EXTENDED_WHEN && audiences.every(a => authority.audiences.includes(a));
    const now = Math.floor(clock.now() / 1000);
    const id = uuid(chance);
    const token = signToken(
      {
        aud: audiences,
        exp: now + (extended ? EXTENDED_TO : seconds),
        iat: now,
        iss: authority.issuer,
        jti: id,
        "kubernetes.io": {
          namespace,
          ...bound,
          serviceaccount: { name, uid: account.metadata.uid },
          ...(extended && { warnafter: now + seconds }),
        },
        nbf: now,
        sub: accountUser({ namespace, name }),
      },
      authority.signer,
    );
    call.annotations["authentication.kubernetes.io/issued-credential-id"] = `JTI=${id}`;
    return {
      kind: "TokenRequest",
      apiVersion: "authentication.k8s.io/v1",
      metadata: { ...body.metadata, name, namespace, creationTimestamp: formatTime(now * 1000) } as TokenRequest["metadata"],
      spec: { audiences, expirationSeconds: seconds, ...(reference && { boundObjectRef: reference }) },
      status: { token, expirationTimestamp: formatTime((now + seconds) * 1000) },
    };
  };
}

async function admit(plugins: readonly AdmissionPlugin[], body: Draft<TokenRequest>, call: Call): Promise<void> {
  const { name, namespace } = call.info;
  const request: Admission = {
    operation: "CREATE",
    kind: ServiceAccount,
    namespace,
    name,
    subresource: "token",
    object: { metadata: {}, spec: {}, ...body } as unknown as Admission["object"],
    old: undefined,
    user: call.user,
    dryRun: false,
    warnings: call.warnings,
  };
  for (const p of plugins) await p.admit?.(request);
  for (const p of plugins) await p.validate?.(request);
}
function checkMetadata({ metadata }: Draft<TokenRequest>, name: string, namespace: string): void {
  const report = new Report();
  const at = root.child("metadata");
  if (metadata?.name && metadata.name !== name) {
    report.invalid(at.child("name"), metadata.name, "must match the service account name if specified");
  }
  if (metadata?.namespace && metadata.namespace !== namespace) {
    report.invalid(at.child("namespace"), metadata.namespace, "must match the service account namespace if specified");
  }
  if (!report.ok) throw invalid("authentication.k8s.io", "TokenRequest", name, report.errors);
}
function checkSeconds(seconds: number): void {
  const report = new Report();
  const at = root.child("spec", "expirationSeconds");
  if (seconds < MIN_SECONDS) report.invalid(at, seconds, "may not specify a duration less than 10 minutes");
  if (seconds > MAX_SECONDS) report.invalid(at, seconds, "may not specify a duration larger than 2^32 seconds");
  if (!report.ok) throw invalid("authentication.k8s.io", "TokenRequest", "", report.errors);
}

type Bound = Pick<KubernetesClaims, "pod" | "secret" | "node">;
function binding({ objects }: TokenAuthority, to: Draft<BoundObjectReference>, account: string, namespace: string): Bound {
  const { kind = "", apiVersion = "", name = "" } = to;
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/", 2) : ["", apiVersion];
  const same = (object: KubeObject) => {
    if (to.uid && to.uid !== object.metadata.uid) {
      throw conflict(
        { group: "", resource: kind },
        name,
        `the UID in the bound object reference (${to.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
    }
    return { name, uid: object.metadata.uid };
  };
  if (group === "" && kind === "Pod") {
    const pod = found(objects.get(Pod, name, namespace), Pod, name);
    if (pod.spec.serviceAccountName !== account) {
      throw badRequest(
        `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
      );
    }
    const nodeName = pod.spec.nodeName;
    const uid = nodeName ? objects.get(Node, nodeName)?.metadata.uid : undefined;
    return { ...(nodeName && { node: { name: nodeName, ...(uid && { uid }) } }), pod: same(pod) };
  }
  if (group === "" && kind === "Secret") return { secret: same(found(objects.get(Secret, name, namespace), Secret, name)) };
  if (group === "" && kind === "Node") return { node: same(found(objects.get(Node, name), Node, name)) };
  throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
}
function found<T extends KubeObject>(object: T | undefined, kind: Kind<T>, name: string): T {
  if (object === undefined) throw notFound(resourceOf(kind), name);
  return object;
}
