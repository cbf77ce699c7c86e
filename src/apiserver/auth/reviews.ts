/** The kinds that are questions: who am I, whose token is it, may somebody do something. Nothing of them is stored. */

import type { Roles } from "#apiserver/auth/rbac/roles.ts";
import type { Tokens } from "#apiserver/auth/tokens.ts";
import { AUTHENTICATED, NODES, withGroup } from "#apiserver/auth/users.ts";
import type { Attributes, Authorizer, Call } from "#apiserver/call.ts";
import type { Clock } from "#base/clock.ts";
import { invalid, Report, root } from "#base/fielderror.ts";
import type { Identity } from "#base/http.ts";
import { badRequest } from "#base/status.ts";
import { formatTime } from "#base/time.ts";
import type { SelfSubjectReview } from "#kinds/authentication/v1/selfsubjectreview.ts";
import type { TokenReview } from "#kinds/authentication/v1/tokenreview.ts";
import type { UserInfo } from "#kinds/authentication/v1/userinfo.ts";
import type { FieldSelectorAttributes, LabelSelectorAttributes, SubjectAccessReviewStatus } from "#kinds/authorization/v1/attributes.ts";
import type { LocalSubjectAccessReview } from "#kinds/authorization/v1/localsubjectaccessreview.ts";
import type { SelfSubjectAccessReview } from "#kinds/authorization/v1/selfsubjectaccessreview.ts";
import type { SelfSubjectRulesReview } from "#kinds/authorization/v1/selfsubjectrulesreview.ts";
import type { SubjectAccessReview } from "#kinds/authorization/v1/subjectaccessreview.ts";
import type { KubeObject } from "#kinds/kind.ts";

/** Answers a decoded body; the result has the same kind, with its status. */
export type Review = (body: KubeObject, call: Call) => Promise<KubeObject>;
export interface Reviewers {
  readonly authorizer: Authorizer;
  readonly roles: Roles;
  readonly tokens: Tokens;
  readonly clock: Clock;
}

/** Handlers of POST, by kind. */
export function reviews(by: Reviewers): Readonly<Record<string, Review>> {
  return {
    TokenReview: async body => tokenReview(body as TokenReview, by.tokens),
    SelfSubjectReview: async (body, call) => selfSubjectReview(body as SelfSubjectReview, call, by.clock),
    SubjectAccessReview: async body => {
      const review = body as SubjectAccessReview;
      checkSpec(review, mustBeEmpty(review, []), subjectGiven(review));
      return { ...review, status: await decided(review.spec, subjectOf(review.spec), by.authorizer) } as KubeObject;
    },
    LocalSubjectAccessReview: async (body, call) => localReview(body as LocalSubjectAccessReview, call, by.authorizer),
    SelfSubjectAccessReview: async (body, call) => {
      const review = body as SelfSubjectAccessReview;
      checkSpec(review, mustBeEmpty(review, []));
      return { ...review, status: await decided(review.spec, call.user, by.authorizer) } as KubeObject;
    },
    SelfSubjectRulesReview: async (body, call) => rulesReview(body as SelfSubjectRulesReview, call, by.roles),
  };
}

function tokenReview(review: TokenReview, tokens: Tokens): TokenReview {
  const { token = "", audiences } = review.spec;
  if (token === "") throw badRequest("token is required for TokenReview in authentication");
  const verdict = tokens.check(token, audiences?.length ? audiences : undefined);
  const status: TokenReview["status"] = verdict.user
    ? { authenticated: true, user: infoOf(withGroup(verdict.user, AUTHENTICATED)), audiences: [...verdict.audiences] }
    : { user: {}, error: verdict.error };
  return { ...review, status };
}

function selfSubjectReview(review: SelfSubjectReview, call: Call, clock: Clock): SelfSubjectReview {
  return { ...review, metadata: { creationTimestamp: formatTime(clock.now()) }, status: { userInfo: infoOf(call.user) } };
}

async function localReview(review: LocalSubjectAccessReview, call: Call, authorizer: Authorizer): Promise<LocalSubjectAccessReview> {
  const { namespace } = call.info;
  const whole = { ...review, metadata: { ...review.metadata, namespace: review.metadata.namespace || namespace } };
  if (whole.metadata.namespace !== namespace) throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
  checkSpec(whole, mustBeEmpty(whole, ["namespace"]), subjectGiven(whole), report => {
    const at = root.child("spec");
    const { resourceAttributes, nonResourceAttributes } = whole.spec;
    if (resourceAttributes && (resourceAttributes.namespace ?? "") !== namespace) {
      report.invalid(at.child("resourceAttributes", "namespace"), resourceAttributes.namespace ?? "", "must match metadata.namespace");
    }
    if (nonResourceAttributes)
      report.invalid(at.child("nonResourceAttributes"), nonResourceAttributes, "disallowed on this kind of request");
  });
  return { ...whole, status: await decided(whole.spec, subjectOf(whole.spec), authorizer) };
}

/** What the user may do in the namespace, as far as roles say it: nodes may more. */
function rulesReview(review: SelfSubjectRulesReview, call: Call, roles: Roles): SelfSubjectRulesReview {
  const { namespace = "" } = review.spec;
  if (namespace === "") throw badRequest("no namespace on request");
  const missing: string[] = [];
  const rules = roles.rulesOf(call.user, namespace, why => missing.push(why));
  const node = call.user.groups.includes(NODES);
  const problems = [...(node ? ["node authorizer does not support user rule resolution"] : []), ...missing];
  const status: SelfSubjectRulesReview["status"] = {
    resourceRules: rules
      .filter(r => r.resources?.length)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames?.length && { resourceNames }),
      })),
    nonResourceRules: rules.filter(r => r.nonResourceURLs?.length).map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: node,
    ...(problems.length > 0 && { evaluationError: problems.join(", ") }),
  };
  return { ...review, spec: {}, status };
}

type Spec = SelfSubjectAccessReview["spec"];
async function decided(spec: Spec, user: Identity, authorizer: Authorizer): Promise<SubjectAccessReviewStatus> {
  const { decision, reason } = await authorizer.authorize(attributesOf(spec, user));
  return { allowed: decision === "allow", ...(decision === "deny" && { denied: true }), ...(reason && { reason }) };
}
function attributesOf({ resourceAttributes: r, nonResourceAttributes: n }: Spec, user: Identity): Attributes {
  return {
    user,
    verb: r?.verb ?? n?.verb ?? "",
    isResource: r !== undefined,
    path: n?.path ?? "",
    group: r?.group ?? "",
    version: r ? r.version || "*" : "",
    resource: r?.resource ?? "",
    subresource: r?.subresource ?? "",
    namespace: r?.namespace ?? "",
    name: r?.name ?? "",
    labelSelector: selectorText(r?.labelSelector),
    fieldSelector: selectorText(r?.fieldSelector),
  };
}
const OPERATORS: Readonly<Record<string, string>> = { In: "=", NotIn: "!=" };
/** Requirements with one value each; others say less than nothing to an authorizer, and are left out as upstream does. */
function selectorText(selector: FieldSelectorAttributes | LabelSelectorAttributes | undefined): string {
  if (selector?.rawSelector) return selector.rawSelector;
  return (selector?.requirements ?? [])
    .filter(r => OPERATORS[r.operator] !== undefined && r.values?.length === 1)
    .map(r => `${r.key}${OPERATORS[r.operator]}${r.values![0]}`)
    .join(",");
}
function subjectOf({ user = "", groups = [], uid, extra }: SubjectAccessReview["spec"]): Identity {
  return { name: user, groups, ...(uid && { uid }), ...(extra && { extra }) };
}
function infoOf({ name, uid, groups, extra }: Identity): UserInfo {
  return {
    username: name,
    ...(uid && { uid }),
    ...(groups.length > 0 && { groups: [...groups] }),
    ...(extra && Object.keys(extra).length > 0 && { extra: Object.fromEntries(Object.entries(extra).map(([k, v]) => [k, [...v]])) }),
  };
}

type Check = (report: Report) => void;
function checkSpec(review: KubeObject & { spec: Spec }, ...checks: Check[]): void {
  const report = new Report();
  const at = root.child("spec");
  const { resourceAttributes, nonResourceAttributes } = review.spec;
  if (resourceAttributes && nonResourceAttributes) {
    report.invalid(at.child("nonResourceAttributes"), nonResourceAttributes, "cannot be specified in combination with resourceAttributes");
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    report.invalid(
      at.child("resourceAttributes"),
      undefined,
      "exactly one of nonResourceAttributes or resourceAttributes must be specified",
    );
  }
  for (const check of checks) check(report);
  if (!report.ok) throw invalid("authorization.k8s.io", review.kind, "", report.errors);
}
function subjectGiven({ spec }: SubjectAccessReview | LocalSubjectAccessReview): Check {
  return report => {
    if (!spec.user && !spec.groups?.length) {
      report.invalid(root.child("spec", "user"), spec.user ?? "", "at least one of user or group must be specified");
    }
  };
}
function mustBeEmpty({ metadata }: KubeObject, except: readonly string[]): Check {
  return report => {
    const kept = Object.entries(metadata).filter(([k, v]) => v !== undefined && k !== "managedFields" && !except.includes(k));
    if (kept.length > 0) report.invalid(root.child("metadata"), metadata, `must be empty${except.length ? " except for namespace" : ""}`);
  };
}
