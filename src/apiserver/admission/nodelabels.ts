/** Which labels a kubelet may give its own node (KEP-279): of those under kubernetes.io and k8s.io only a known few. */

const KNOWN = new Set([
  "kubernetes.io/hostname",
  "kubernetes.io/os",
  "kubernetes.io/arch",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "failure-domain.kubernetes.io/zone",
  "failure-domain.kubernetes.io/region",
  "node.kubernetes.io/instance-type",
  "beta.kubernetes.io/instance-type",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/arch",
]);
const within = (namespace: string, domain: string) => namespace === domain || namespace.endsWith(`.${domain}`);

function forbidden(label: string): boolean {
  const namespace = label.includes("/") ? label.slice(0, label.indexOf("/")) : "";
  if (within(namespace, "node-restriction.kubernetes.io")) return true;
  if (!within(namespace, "kubernetes.io") && !within(namespace, "k8s.io")) return false;
  return !KNOWN.has(label) && !within(namespace, "kubelet.kubernetes.io") && !within(namespace, "node.kubernetes.io");
}

type Labels = Readonly<Record<string, string>> | undefined;
/** The labels that were set, changed or removed and may not be, joined by ", "; "" when all is well. */
export function labelsProblem(now: Labels, old: Labels): string {
  const changed = [...new Set([...Object.keys(now ?? {}), ...Object.keys(old ?? {})])].filter(k => now?.[k] !== old?.[k]);
  return changed.filter(forbidden).sort().join(", ");
}
