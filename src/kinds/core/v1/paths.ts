/** Paths within volumes. */
import type { Path, Report } from "#base/fielderror.ts";

export function checkNoBacksteps(report: Report, at: Path, path: string): void {
  if (path.split("/").includes("..")) report.invalid(at, path, "must not contain '..'");
}
/** A relative path that goes only down. */
export function checkDescending(report: Report, at: Path, path: string): void {
  if (path.startsWith("/")) report.invalid(at, path, "must be a relative path");
  checkNoBacksteps(report, at, path);
}
/** As `checkDescending`, and it does not begin with the names that atomic swaps use ("..data"). */
export function checkLocal(report: Report, at: Path, path: string): void {
  checkDescending(report, at, path);
  if (path.startsWith("..") && !path.startsWith("../")) report.invalid(at, path, "must not start with '..'");
}
