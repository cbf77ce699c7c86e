/** What a pod or a template is warned of, though it is taken (upstream's pkg/api/pod/warnings.go). */
import type { Path } from "#base/fielderror.ts";
import { dnsLabelProblems } from "#base/names.ts";
import { parseQuantity } from "#base/quantity.ts";
import type { Container } from "#kinds/core/v1/container.ts";
import type { PodSpec } from "#kinds/core/v1/podspec.ts";
import { containersOf } from "#kinds/core/v1/podspecvalidation.ts";
import type { ObjectMeta } from "#kinds/meta/v1/objectmeta.ts";

const OLD_LABELS: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
  "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};
const OLD_ANNOTATIONS: Readonly<Record<string, string>> = {
  "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
  "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
  "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
};
const OLD_VOLUMES = {
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  gitRepo: "deprecated in v1.11, and disabled by default in v1.33+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
} as const;
/** As upstream names the field in the warning. */
const NAMED: Readonly<Record<string, string>> = { storageos: "storageOS" };

/** `at` is the template's place, or the root for a pod. */
export function podWarnings(spec: PodSpec, meta: ObjectMeta, at: Path): string[] {
  const out: string[] = [];
  const here = at.child("spec");
  for (const key of Object.keys(spec.nodeSelector ?? {}))
    if (OLD_LABELS[key]) out.push(`${here.child("nodeSelector").key(key)}: ${OLD_LABELS[key]}`);
  for (const [i, c] of (spec.topologySpreadConstraints ?? []).entries()) {
    const place = here.child("topologySpreadConstraints").index(i);
    const old = OLD_LABELS[c.topologyKey];
    if (old) out.push(`${place.child("topologyKey")}: ${c.topologyKey} is ${old}`);
    if (!c.labelSelector) out.push(`${place.child("labelSelector")}: a null labelSelector results in matching no pod`);
  }
  for (const key of Object.keys(meta.annotations ?? {}))
    if (OLD_ANNOTATIONS[key]) out.push(`${at.child("metadata", "annotations").key(key)}: ${OLD_ANNOTATIONS[key]}`);
  for (const [i, v] of (spec.volumes ?? []).entries())
    for (const [field, why] of Object.entries(OLD_VOLUMES))
      if (v[field as keyof typeof OLD_VOLUMES])
        out.push(
          `${here
            .child("volumes")
            .index(i)
            .child(NAMED[field] ?? field)}: ${why}`,
        );
  out.push(
    ...repeated(
      (spec.hostAliases ?? []).map(a => a.ip),
      (i, ip) => `${here.child("hostAliases").index(i).child("ip")}: duplicate ip ${ip}`,
    ),
  );
  const secret = (i: number) => here.child("imagePullSecrets").index(i).child("name");
  const secrets = (spec.imagePullSecrets ?? []).map(s => s.name);
  out.push(...repeated(secrets, (i, name) => `${secret(i)}: duplicate name ${name}`));
  for (const [i, name] of secrets.entries()) if (!name) out.push(`${secret(i)}: invalid empty name ""`);
  const all = containersOf(spec, here);
  for (const [c, place] of all) out.push(...containerWarnings(c, place));
  out.push(...portWarnings(all));
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0)
    out.push(`${here.child("terminationGracePeriodSeconds")}: must be >= 0; negative values are invalid and will be treated as 1`);
  return out;
}

/** A pod's name is its host name, too. */
export function nameWarnings(name: string): string[] {
  const problems = dnsLabelProblems(name);
  if (problems.length === 0) return [];
  const why = "this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended";
  return [`metadata.name: ${why}: [${problems.join(" ")}]`];
}

function repeated(values: readonly string[], say: (i: number, quoted: string) => string): string[] {
  return values.flatMap((v, i) => (values.indexOf(v) < i ? [say(i, JSON.stringify(v))] : []));
}

function containerWarnings(c: Container, at: Path): string[] {
  const out: string[] = [];
  for (const resource of ["memory", "ephemeral-storage"])
    for (const list of ["limits", "requests"] as const) {
      const text = c.resources[list]?.[resource];
      if (text !== undefined && parseQuantity(text).milliValue() % 1000 !== 0)
        out.push(
          `${at.child("resources", list).key(resource)}: fractional byte value ${JSON.stringify(text)} is invalid, must be an integer`,
        );
    }
  const seen = new Set<string>();
  for (const [i, { name, value = "", valueFrom }] of (c.env ?? []).entries()) {
    const own = `$(${name})`;
    // A later variable may build on the earlier one of its name; anything else hides it.
    if (seen.has(name) && (valueFrom || value === own || !value.includes(own)))
      out.push(`${at.child("env").index(i)}: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`);
    seen.add(name);
  }
  return out;
}

function portWarnings(all: readonly (readonly [Container, Path])[]): string[] {
  const out: string[] = [];
  const known = new Map<string, { at: Path; hostIP: string; hostPort: number }[]>();
  for (const [c, place] of all)
    for (const [i, { containerPort, protocol, hostIP = "", hostPort = 0 }] of (c.ports ?? []).entries()) {
      const at = place.child("ports").index(i);
      const id = `${containerPort}/${protocol}`;
      const others = known.get(id) ?? [];
      for (const o of others) {
        if (o.hostIP === hostIP && o.hostPort === hostPort) out.push(`${at}: duplicate port definition with ${o.at}`);
        else if (o.hostPort === 0 || hostPort === 0 || (o.hostPort === hostPort && (o.hostIP === "" || hostIP === "")))
          out.push(`${at}: overlapping port definition with ${o.at}`);
      }
      known.set(id, [...others, { at, hostIP, hostPort }]);
    }
  return out;
}
