/** /metrics in the text format of Prometheus: what upstream's dashboards ask of an apiserver, from a registry of a few lines. */
import type { Call } from "#apiserver/call.ts";
import type { InFlight } from "#apiserver/limit.ts";
import type { PathHandler } from "#apiserver/paths.ts";
import { bytes } from "#apiserver/respond.ts";
import { utf8 } from "#base/bytes.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Store } from "#store/contract.ts";

const BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60];

const VERBS = new Set([
  "get",
  "list",
  "watch",
  "create",
  "update",
  "patch",
  "delete",
  "deletecollection",
  "post",
  "put",
  "head",
  "options",
]);
const subresourcesOf = (kind: Kind) => new Set(["status", "scale", ...Object.keys(kind.subresources.others ?? {})]);

interface Series {
  readonly counts: number[];
  sum: number;
  count: number;
}

export class Metrics {
  private readonly requests = new Map<string, number>();
  private readonly durations = new Map<string, Series>();

  /** Counts an answer; `seconds` only of requests that are no streams. What nobody serves is counted without its name. */
  observe(call: Call, kind: Kind | undefined, code: number, seconds: number | undefined): void {
    const { namespace, name, isResource } = call.info;
    const { group, version, plural: resource } = kind ?? { group: "", version: "", plural: "" };
    const subresource = kind && subresourcesOf(kind).has(call.info.subresource) ? call.info.subresource : "";
    const verb = VERBS.has(call.info.verb) ? call.info.verb : "other";
    const scope = !isResource ? "" : name ? "resource" : namespace ? "namespace" : "cluster";
    const of = `verb="${verb.toUpperCase()}",group="${group}",version="${version}",resource="${resource}",subresource="${subresource}",scope="${scope}"`;
    const labels = `${of},code="${code}"`;
    this.requests.set(labels, (this.requests.get(labels) ?? 0) + 1);
    if (seconds === undefined) return;
    let series = this.durations.get(of);
    if (!series) {
      series = { counts: BUCKETS.map(() => 0), sum: 0, count: 0 };
      this.durations.set(of, series);
    }
    series.sum += seconds;
    series.count++;
    for (const [i, limit] of BUCKETS.entries()) if (seconds <= limit) series.counts[i]!++;
  }

  text(store: Store, inFlight: InFlight, watches: number): string {
    const out: string[] = [];
    const head = (name: string, type: string, help: string) => out.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    head("apiserver_request_total", "counter", "Requests answered, by verb, resource and code.");
    for (const [labels, n] of this.requests) out.push(`apiserver_request_total{${labels},component="apiserver",dry_run=""} ${n}`);
    head("apiserver_request_duration_seconds", "histogram", "Time to the answer, in seconds.");
    for (const [labels, s] of this.durations) {
      const name = "apiserver_request_duration_seconds";
      const all = `${labels},component="apiserver",dry_run=""`;
      for (const [i, limit] of BUCKETS.entries()) out.push(`${name}_bucket{${all},le="${limit}"} ${s.counts[i]}`);
      out.push(`${name}_bucket{${all},le="+Inf"} ${s.count}`, `${name}_sum{${all}} ${s.sum}`, `${name}_count{${all}} ${s.count}`);
    }
    head("apiserver_current_inflight_requests", "gauge", "Requests under way.");
    out.push(`apiserver_current_inflight_requests{request_kind="mutating"} ${inFlight.mutating}`);
    out.push(`apiserver_current_inflight_requests{request_kind="readOnly"} ${inFlight.reading}`);
    head("apiserver_longrunning_requests", "gauge", "Open watches.");
    out.push(`apiserver_longrunning_requests{verb="WATCH",component="apiserver"} ${watches}`);
    head("apiserver_storage_size_bytes", "gauge", "Size of the store on disk.");
    out.push(`apiserver_storage_size_bytes ${store.size()}`);
    head("apiserver_storage_revision", "gauge", "The store's newest revision.");
    out.push(`apiserver_storage_revision ${store.revision}`);
    return `${out.join("\n")}\n`;
  }
}

export function metricsPath(metrics: Metrics, store: Store, inFlight: InFlight, watches: () => number): PathHandler {
  return call =>
    call.info.path === "/metrics"
      ? bytes(utf8(metrics.text(store, inFlight, watches())), "text/plain; version=0.0.4; charset=utf-8")
      : undefined;
}
