/** Probes and lifecycle hooks. */
import type { Path, Report } from "#base/fielderror.ts";
import { headerNameProblems } from "#base/names.ts";
import { checkNonnegative, checkPortNumber, checkPortNumberOrName, checkSupported, complain } from "#kinds/checks.ts";
import type { Lifecycle, LifecycleHandler, Probe } from "#kinds/core/v1/probe.ts";
import { SIGNALS } from "#kinds/core/v1/probe.ts";

type Handler = Pick<Probe, "exec" | "httpGet" | "tcpSocket" | "grpc"> & Pick<LifecycleHandler, "sleep">;

function validateHandler(handler: Handler, grace: number | undefined, at: Path, report: Report): void {
  const given = (["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const).filter(k => handler[k] !== undefined);
  if (given.length === 0) report.required(at, "must specify a handler type");
  for (const extra of given.slice(1)) report.forbidden(at.child(extra), "may not specify more than 1 handler type");
  const { exec, httpGet, tcpSocket, grpc, sleep } = given[0] ? ({ [given[0]]: handler[given[0]] } as Handler) : handler;
  if (exec && !exec.command?.length) report.required(at.child("exec", "command"));
  if (httpGet) {
    const here = at.child("httpGet");
    if (!httpGet.path) report.required(here.child("path"));
    checkPortNumberOrName(report, here.child("port"), httpGet.port);
    checkSupported(report, here.child("scheme"), httpGet.scheme, ["HTTP", "HTTPS"]);
    for (const h of httpGet.httpHeaders ?? []) complain(report, here.child("httpHeaders"), h.name, headerNameProblems(h.name));
  }
  if (tcpSocket) checkPortNumberOrName(report, at.child("tcpSocket", "port"), tcpSocket.port);
  if (grpc) checkPortNumber(report, at.child("grpc", "port"), grpc.port);
  if (sleep && grace !== undefined && (sleep.seconds < 0 || sleep.seconds > grace))
    report.invalid(at.child("sleep"), sleep.seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`);
}

export type ProbeKind = "livenessProbe" | "readinessProbe" | "startupProbe";

export function validateProbe(probe: Probe | undefined, kind: ProbeKind, grace: number | undefined, at: Path, report: Report): void {
  if (!probe) return;
  validateHandler(probe, grace, at, report);
  for (const field of ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] as const)
    checkNonnegative(report, at.child(field), probe[field]);
  const own = probe.terminationGracePeriodSeconds;
  if (own !== undefined && own <= 0) report.invalid(at.child("terminationGracePeriodSeconds"), own, "must be greater than 0");
  if (kind === "readinessProbe") {
    if (own !== undefined) report.invalid(at.child("terminationGracePeriodSeconds"), own, "must not be set for readinessProbes");
  } else if (probe.successThreshold !== 1) report.invalid(at.child("successThreshold"), probe.successThreshold ?? 0, "must be 1");
}

export function validateLifecycle(lifecycle: Lifecycle, grace: number | undefined, os: string | undefined, at: Path, report: Report): void {
  if (lifecycle.postStart) validateHandler(lifecycle.postStart, grace, at.child("postStart"), report);
  if (lifecycle.preStop) validateHandler(lifecycle.preStop, grace, at.child("preStop"), report);
  const signal = lifecycle.stopSignal;
  if (signal === undefined) return;
  if (os === undefined) report.forbidden(at.child("stopSignal"), "may not be set for containers with empty `spec.os.name`");
  else if (os === "windows") checkSupported(report, at.child("stopSignal"), signal, ["SIGKILL", "SIGTERM"]);
  else if (os === "linux") checkSupported(report, at.child("stopSignal"), signal, SIGNALS);
}
