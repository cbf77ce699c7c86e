import { root } from "#base/fielderror.ts";
import { dnsLabelProblems } from "#base/names.ts";
import { checkQualified } from "#kinds/checks.ts";
import { AGE, NAME } from "#kinds/columns.ts";
import { ALL_VERBS, kind } from "#kinds/kind.ts";
import { list, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const NamespaceSpec = object("NamespaceSpec", "What must be done before a namespace may go.", {
  finalizers: list(1, string, "Who still has to clean up before the namespace is gone.").atomic(),
});
export interface NamespaceSpec extends ObjectOf<typeof NamespaceSpec> {}

export const NamespaceCondition = object("NamespaceCondition", "One aspect of a namespace's end.", {
  type: string(1, "Which aspect, such as NamespaceContentRemaining.").required().always(),
  status: string(2, "True, False or Unknown.").required().always(),
  lastTransitionTime: time(4, "When the status last changed."),
  reason: string(5, "Why, in one word for programs."),
  message: string(6, "Why, in a sentence for people."),
});
export interface NamespaceCondition extends ObjectOf<typeof NamespaceCondition> {}

export const NamespaceStatus = object("NamespaceStatus", "How a namespace is.", {
  phase: string(1, "Active, or Terminating once it is being deleted.").oneOf("Active", "Terminating"),
  conditions: list(2, NamespaceCondition, "What keeps a namespace from ending.").key("type").patch("merge", "type"),
});
export interface NamespaceStatus extends ObjectOf<typeof NamespaceStatus> {}

/** Keeps a namespace until all that is in it is gone. */
const FINALIZER = "kubernetes";
const STANDARD = new Set([FINALIZER, "orphan", "foregroundDeletion"]);

export const Namespace = kind(
  {
    group: "",
    version: "v1",
    kind: "Namespace",
    plural: "namespaces",
    namespaced: false,
    doc: "A room for names; most objects live in one.",
    home: "io.k8s.api.core.v1",
    fields: {
      spec: NamespaceSpec(2, "What must be done before it may go.").always(),
      status: NamespaceStatus(3, "How it is.").always(),
    },
  },
  {
    short: ["ns"],
    verbs: ALL_VERBS.filter(v => v !== "deletecollection"),
    subresources: { status: true, others: { finalize: { kind: "Namespace", verbs: ["update"] } } },
    selectable: { name: n => n.metadata.name ?? "", "status.phase": n => n.status.phase ?? "" },
    rules: {
      defaults: n => {
        if (n.metadata.name) n.metadata.labels = { ...n.metadata.labels, "kubernetes.io/metadata.name": n.metadata.name };
        n.status.phase ||= "Active";
      },
      nameProblem: name => dnsLabelProblems(name)[0],
      validate: ({ spec }, report) => {
        const at = root.child("spec", "finalizers");
        for (const f of spec.finalizers ?? []) {
          checkQualified(report, at, f);
          if (!f.includes("/") && !STANDARD.has(f))
            report.invalid(at, f, "name is neither a standard finalizer name nor is it fully qualified");
        }
      },
      validateStatusUpdate: ({ metadata, status }, _, report) => {
        const [phase, when] = metadata.deletionTimestamp ? ["Terminating", "is not empty"] : ["Active", "is empty"];
        if (status.phase !== phase)
          report.invalid(root.child("status", "Phase"), status.phase ?? "", `may only be '${phase}' if \`deletionTimestamp\` ${when}`);
      },
      prepareCreate: n => {
        n.status = { phase: "Active" };
        n.spec.finalizers = [...(n.spec.finalizers ?? []).filter(f => f !== FINALIZER), FINALIZER];
      },
      // Only the subresource finalize changes them.
      prepareUpdate: (n, old) => {
        if (old.spec.finalizers) n.spec.finalizers = [...old.spec.finalizers];
        else delete n.spec.finalizers;
      },
    },
    ownColumns: true,
    columns: [NAME, { name: "Status", type: "string", doc: "Active or Terminating.", cell: n => n.status.phase ?? "" }, AGE],
  },
);
export interface Namespace extends ObjectOf<typeof Namespace> {}
