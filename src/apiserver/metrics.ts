/** /metrics in the text format of Prometheus: what upstream's dashboards ask of an apiserver, from a registry of a few lines. */
import type { Call, RequestInfo } from "#apiserver/call.ts";
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
const hasSubresource = ({ subresources }: Kind, name: string) =>
  name === "status" || name === "scale" || Object.hasOwn(subresources.others ?? {}, name);

/** Answers to requests alike: by code, and by how long they took. */
interface Series {
  readonly codes: Map<number, number>;
  /** Of those that are no streams: how many took no longer than each bucket says. */
  readonly counts: number[];
  sum: number;
  count: number;
}

export class Metrics {
  private readonly series = new Map<string, Series>();
  /** What was asked before needs no search: what components of the process ask for is one object each. */
  private readonly known = new WeakMap<RequestInfo, Series>();

  /** Counts an answer; `seconds` only of requests that are no streams. What nobody serves is counted without its name. */
  observe({ info, kind }: Call, code: number, seconds: number | undefined): void {
    let series = this.known.get(info);
    if (!series) {
      series = this.seriesOf(labelsOf(info, kind));
      this.known.set(info, series);
    }
    series.codes.set(code, (series.codes.get(code) ?? 0) + 1);
    if (seconds === undefined) return;
    series.sum += seconds;
    series.count++;
    for (let i = BUCKETS.length - 1; i >= 0 && seconds <= BUCKETS[i]!; i--) series.counts[i]!++;
  }
  private seriesOf(labels: string): Series {
    let series = this.series.get(labels);
    if (!series) {
      series = { codes: new Map(), counts: BUCKETS.map(() => 0), sum: 0, count: 0 };
      this.series.set(labels, series);
    }
    return series;
  }

  text(store: Store, inFlight: InFlight, watches: number): string {
    const out: string[] = [];
    const head = (name: string, type: string, help: string) => out.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    head("apiserver_request_total", "counter", "Requests answered, by verb, resource and code.");
    for (const [labels, { codes }] of this.series)
      for (const [code, n] of codes) out.push(`apiserver_request_total{${labels},code="${code}",component="apiserver",dry_run=""} ${n}`);
    head("apiserver_request_duration_seconds", "histogram", "Time to the answer, in seconds.");
    for (const [labels, s] of this.series) {
      if (s.count === 0) continue;
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

function labelsOf({ namespace, name, isResource, subresource: asked, verb: wanted }: RequestInfo, kind: Kind | undefined): string {
  const { group, version, plural: resource } = kind ?? { group: "", version: "", plural: "" };
  const subresource = kind && hasSubresource(kind, asked) ? asked : "";
  const verb = VERBS.has(wanted) ? wanted : "other";
  const scope = !isResource ? "" : name ? "resource" : namespace ? "namespace" : "cluster";
  return `verb="${verb.toUpperCase()}",group="${group}",version="${version}",resource="${resource}",subresource="${subresource}",scope="${scope}"`;
}

export function metricsPath(metrics: Metrics, store: Store, inFlight: InFlight, watches: () => number): PathHandler {
  return call =>
    call.info.path === "/metrics"
      ? bytes(utf8(metrics.text(store, inFlight, watches())), "text/plain; version=0.0.4; charset=utf-8")
      : undefined;
}
