/** Small checks that many kinds' rules are made of, with upstream's sentences. */
import { equal } from "#base/equal.ts";
import type { Path, Report } from "#base/fielderror.ts";
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  labelValueProblems,
  legacyIpProblems,
  portNameProblems,
  portNumberProblems,
  qualifiedNameProblems,
} from "#base/names.ts";
import type { LabelSelector } from "#kinds/meta/v1/labelselector.ts";

export const IMMUTABLE = "field is immutable";

/** One error for each problem of a value. */
export function complain(report: Report, at: Path, value: unknown, problems: readonly string[]): void {
  for (const p of problems) report.invalid(at, value, p);
}
export const checkLabelName = (report: Report, at: Path, name: string) => complain(report, at, name, dnsLabelProblems(name));
export const checkSubdomain = (report: Report, at: Path, name: string) => complain(report, at, name, dnsSubdomainProblems(name));
export const checkQualified = (report: Report, at: Path, name: string) => complain(report, at, name, qualifiedNameProblems(name));
export const checkLegacyIp = (report: Report, at: Path, ip: string) => complain(report, at, ip, legacyIpProblems(ip));
export const checkPortNumber = (report: Report, at: Path, port: number) => complain(report, at, port, portNumberProblems(port));
export function checkPortNumberOrName(report: Report, at: Path, port: number | string): void {
  complain(report, at, port, typeof port === "number" ? portNumberProblems(port) : portNameProblems(port));
}

export function checkNonnegative(report: Report, at: Path, value: number | undefined): void {
  if ((value ?? 0) < 0) report.invalid(at, value, "must be greater than or equal to 0");
}
export function checkPositive(report: Report, at: Path, value: number): void {
  if (value <= 0) report.invalid(at, value, "must be greater than zero");
}
/** A value out of a closed list. `required`: an empty one is missing, not unsupported. */
export function checkSupported(report: Report, at: Path, value: string | undefined, allowed: readonly string[], required = false): void {
  if (required && !value) report.required(at);
  else if (!allowed.includes(value ?? "")) report.notSupported(at, value ?? "", allowed);
}
export function checkImmutable(report: Report, at: Path, value: unknown, old: unknown): void {
  if (!equal(value, old)) report.invalid(at, value, IMMUTABLE);
}

/** Labels as they stand in a selector of nodes or pods (metav1's ValidateLabels). */
export function checkLabels(report: Report, at: Path, labels: Readonly<Record<string, string>> | undefined): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    checkQualified(report, at, key);
    complain(report, at, value, labelValueProblems(value));
  }
}
export function checkLabelSelector(report: Report, at: Path, selector: LabelSelector | undefined): void {
  if (!selector) return;
  checkLabels(report, at.child("matchLabels"), selector.matchLabels);
  for (const [i, { key, operator, values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const here = at.child("matchExpressions").index(i);
    if (operator === "In" || operator === "NotIn") {
      if (values.length === 0) report.required(here.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values.length > 0) report.forbidden(here.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else report.invalid(here.child("operator"), operator, "not a valid selector operator");
    checkQualified(report, here.child("key"), key);
    for (const [v, value] of values.entries()) complain(report, here.child("values").index(v), value, labelValueProblems(value));
  }
}
