/** Environment variables and where their values come from. */
import type { Path, Report } from "#base/fielderror.ts";
import { configKeyProblems, dnsSubdomainProblems, envVarNameProblems } from "#base/names.ts";
import { checkLabelName, checkSubdomain, complain } from "#kinds/checks.ts";
import type { EnvFromSource, EnvVar, EnvVarSource } from "#kinds/core/v1/container.ts";
import { ENV_FIELDS, validateFieldRef, validateResourceRef } from "#kinds/core/v1/fieldrefvalidation.ts";
import { checkNoBacksteps } from "#kinds/core/v1/paths.ts";

export function validateEnv(env: readonly EnvVar[], at: Path, report: Report): void {
  for (const [i, e] of env.entries()) {
    const here = at.index(i);
    if (!e.name) report.required(here.child("name"));
    else complain(report, here.child("name"), e.name, envVarNameProblems(e.name));
    if (e.valueFrom) validateSource(e.valueFrom, e.value ?? "", here.child("valueFrom"), report);
  }
}
function validateSource(from: EnvVarSource, value: string, at: Path, report: Report): void {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = from;
  if (fieldRef) validateFieldRef(fieldRef, ENV_FIELDS, at.child("fieldRef"), report);
  if (resourceFieldRef) validateResourceRef(resourceFieldRef, false, at.child("resourceFieldRef"), report);
  for (const [name, ref] of [["configMapKeyRef", configMapKeyRef] as const, ["secretKeyRef", secretKeyRef] as const]) {
    if (!ref) continue;
    const here = at.child(name);
    checkSubdomain(report, here.child("name"), ref.name);
    if (!ref.key) report.required(here.child("key"));
    else complain(report, here.child("key"), ref.key, configKeyProblems(ref.key));
  }
  if (fileKeyRef) {
    const here = at.child("fileKeyRef");
    if (!fileKeyRef.key) report.required(here.child("key"));
    else complain(report, here.child("key"), fileKeyRef.key, envVarNameProblems(fileKeyRef.key));
    if (!fileKeyRef.volumeName) report.required(here.child("volumeName"));
    else checkLabelName(report, here.child("volumeName"), fileKeyRef.volumeName);
    if (!fileKeyRef.path) report.required(here.child("path"));
    else checkNoBacksteps(report, here.child("path"), fileKeyRef.path);
  }
  const count = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(s => s !== undefined).length;
  if (count === 0)
    report.invalid(at, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
  else if (value !== "") report.invalid(at, "", "may not be specified when `value` is not empty");
  else if (count > 1) report.invalid(at, "", "may not have more than one field specified at a time");
}

export function validateEnvFrom(sources: readonly EnvFromSource[], at: Path, report: Report): void {
  for (const [i, { prefix, configMapRef, secretRef }] of sources.entries()) {
    const here = at.index(i);
    if (prefix) complain(report, here.child("prefix"), prefix, envVarNameProblems(prefix));
    for (const [name, ref] of [["configMapRef", configMapRef] as const, ["secretRef", secretRef] as const]) {
      if (!ref) continue;
      if (!ref.name) report.required(here.child(name, "name"));
      else complain(report, here.child(name, "name"), ref.name, dnsSubdomainProblems(ref.name));
    }
    if (!configMapRef && !secretRef) report.invalid(at, "", "must specify one of: `configMapRef` or `secretRef`");
    else if (configMapRef && secretRef) report.invalid(at, "", "may not have more than one field specified at a time");
  }
}
