/** What is looked at before any request by plain HTTP, as etcd's access controller does (server/embed/serve.go). */
import { utf8 } from "#base/bytes.ts";
import type { Handler, HttpRequest, HttpResponse } from "#base/http.ts";

export interface Access {
  /** Origins whose pages may read answers (--cors), and names that requests without TLS may be sent to (--host-whitelist); none, or "*": all. */
  readonly origins: readonly string[];
  readonly hosts: readonly string[];
  /** Whether the address has TLS, and asks for certificates that say who calls. */
  readonly secure: boolean;
  readonly certificates: boolean;
  readonly authEnabled: () => boolean;
}
const allows = (list: readonly string[], one: string) => list.length === 0 || list.includes("*") || list.includes(one);

export function guarded(handler: Handler, access: Access): Handler {
  return async request => {
    const refused = refusal(request, access);
    if (refused) return refused;
    const cors = corsFor(request, access);
    if (request.method === "OPTIONS") return { status: 200, headers: cors };
    const answer = await handler(request);
    return { ...answer, headers: { ...answer.headers, ...cors } };
  };
}

function refusal({ headers, url, peer }: HttpRequest, { hosts, secure, certificates, authEnabled }: Access): HttpResponse | undefined {
  if (!secure) {
    const host = hostOf(headers.host ?? headers[":authority"] ?? "");
    return allows(hosts, host) ? undefined : failed(421, unrecognized(host));
  }
  const named = certificates && authEnabled() && peer?.certificate?.commonName;
  if (!named || !/^\/v3(beta)?\//.test(url)) return undefined;
  return failed(400, "CommonName of client sending a request against gateway will be ignored and not used as expected");
}
/** Without its port. */
const hostOf = (host: string) => /^\[?(.*?)\]?(:\d+)?$/.exec(host)?.[1] ?? host;

function corsFor({ headers }: HttpRequest, { origins }: Access): Record<string, string> {
  const origin = allows(origins, "*") ? "*" : (headers.origin ?? "");
  if (!allows(origins, origin)) return {};
  return {
    "access-control-allow-methods": "POST, GET, OPTIONS, PUT, DELETE",
    "access-control-allow-origin": origin,
    "access-control-allow-headers": "accept, content-type, authorization",
  };
}
function failed(status: number, words: string): HttpResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
    body: utf8(`${words}\n`),
  };
}
/** A page of another site may have a name that leads here (CVE-2018-5702). */
const unrecognized = (host: string) => `
etcd received your request, but the Host header was unrecognized.

To fix this, choose one of the following options:
- Enable TLS, then any HTTPS request will be allowed.
- Add the hostname you want to use to the whitelist in settings.
  - e.g. etcd --host-whitelist ${JSON.stringify(host)}

This requirement has been added to help prevent "DNS Rebinding" attacks (CVE-2018-5702).
`;
