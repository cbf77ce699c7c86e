/** What etcd answers by plain HTTP beside the gateway: its version, its health, its figures. */
import { utf8 } from "#base/bytes.ts";
import type { HttpRequest, HttpResponse } from "#base/http.ts";
import { ETCD_VERSION, type Server, STORAGE_VERSION } from "./server.ts";

/** The page that a request asks for; undefined: there is none. */
export async function page(server: Server, { url, method }: HttpRequest): Promise<HttpResponse | undefined> {
  const make = PAGES[url.split("?")[0]!];
  if (!make) return undefined;
  if (method !== "GET" && method !== "HEAD") {
    return { status: 405, headers: { allow: "GET", "content-type": "text/plain; charset=utf-8" }, body: utf8("Method Not Allowed\n") };
  }
  return make(server);
}

const PAGES: Readonly<Record<string, (server: Server) => Promise<HttpResponse>>> = {
  "/version": async () => json(200, { etcdserver: ETCD_VERSION, etcdcluster: STORAGE_VERSION, storage: STORAGE_VERSION }),
  "/health": async server => {
    const reason = await failing(server);
    return json(reason === "" ? 200 : 503, { health: reason === "" ? "true" : "false", reason });
  },
  "/livez": async () => words(200, "ok\n"),
  "/readyz": async server => {
    const reason = await failing(server);
    return reason === "" ? words(200, "ok\n") : words(503, `not ready: ${reason}\n`);
  },
  "/metrics": async server => words(200, figures(server)),
};

/** Why the store cannot be worked with; empty: it can. */
async function failing({ store }: Server): Promise<string> {
  const alarm = store.alarms()[0];
  if (alarm) return `ALARM ${alarm.toUpperCase()}`;
  try {
    await store.get("health");
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
function figures({ store, quota, auth, resident }: Server): string {
  const lines: string[] = [];
  const gauge = (name: string, help: string, value: number, labels = "") =>
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name}${labels} ${value}`);
  gauge("etcd_server_has_leader", "Whether or not a leader exists. 1 is existence, 0 is not.", 1);
  gauge("etcd_server_is_leader", "Whether or not this member is a leader. 1 if is, 0 otherwise.", 1);
  gauge("etcd_server_version", "Which version is running.", 1, `{server_version="${ETCD_VERSION}"}`);
  gauge("etcd_server_quota_backend_bytes", "Bytes that the store may grow to.", quota);
  gauge("etcd_mvcc_db_total_size_in_bytes", "Bytes of the store.", store.size());
  gauge("etcd_mvcc_db_total_size_in_use_in_bytes", "Bytes of the store that hold what is retained.", store.inUse());
  gauge("etcd_debugging_mvcc_current_revision", "The newest revision.", store.revision);
  gauge("etcd_debugging_mvcc_compact_revision", "The revision of the last compaction.", store.compacted);
  gauge("etcd_debugging_auth_revision", "The revision of users and roles.", auth.users.revision);
  // `etcdctl check datascale` asks for it.
  gauge("process_resident_memory_bytes", "Resident memory size in bytes.", resident());
  return `${lines.join("\n")}\n`;
}
function json(status: number, value: unknown): HttpResponse {
  return { status, headers: { "content-type": "application/json" }, body: utf8(JSON.stringify(value)) };
}
function words(status: number, text: string): HttpResponse {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: utf8(text) };
}
