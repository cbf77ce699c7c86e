/** An apiserver over a store in memory, for tests of any room: everyone is allowed everything, and the sender is an administrator. */

import { namespaceLifecycle } from "#apiserver/admission/namespacelifecycle.ts";
import { type ApiServer, type ApiServerOptions, createApiServer } from "#apiserver/apiserver.ts";
import { versionOf } from "#apiserver/version.ts";
import { text, utf8 } from "#base/bytes.ts";
import { seededChance } from "#base/chance.ts";
import { parseCidr } from "#base/cidr.ts";
import type { Clock } from "#base/clock.ts";
import type { HttpResponse, Identity } from "#base/http.ts";
import { silentLog } from "#base/log.ts";
import { kinds } from "#kinds/all.ts";
import type { Store } from "#store/contract.ts";
import { memoryStore } from "#store/memory.ts";

export const ADMIN: Identity = { name: "admin", groups: ["system:masters", "system:authenticated"] };

export interface TestServer extends ApiServer {
  readonly store: Store;
  /** Sends a request as the administrator; objects are sent as JSON. */
  send(method: string, url: string, body?: unknown, headers?: Record<string, string>): Promise<HttpResponse>;
  /** The same, and the answer's JSON. */
  ask(
    method: string,
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ code: number; body: Answer; headers: HttpResponse["headers"] }>;
}
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every kind
export type Answer = any;

/** `namespaces`: made before it is handed out. */
export async function testServer(
  clock: Clock,
  more: Partial<ApiServerOptions> = {},
  namespaces: readonly string[] = ["default"],
): Promise<TestServer> {
  const store = more.store ?? memoryStore({ clock });
  const server = await createApiServer({
    store,
    kinds,
    clock,
    chance: seededChance(1),
    log: silentLog,
    version: versionOf("v1.36.0", "test", "test"),
    address: "127.0.0.1:6443",
    services: { addresses: parseCidr("10.96.0.0/16")!, nodePorts: { from: 30000, to: 32767 } },
    access: objects => ({
      authenticators: [],
      authorizer: { authorize: async () => ({ decision: "allow", reason: "" }) },
      plugins: [namespaceLifecycle(objects)],
    }),
    ...more,
  });
  const send: TestServer["send"] = (method, url, body, headers = {}) =>
    server.handle({
      method,
      url,
      headers,
      identity: ADMIN,
      ...(body !== undefined && { body: body instanceof Uint8Array ? body : utf8(typeof body === "string" ? body : JSON.stringify(body)) }),
    });
  const ask: TestServer["ask"] = async (method, url, body, headers) => {
    const response = await send(method, url, body, headers);
    const raw = await bodyText(response);
    return { code: response.status, body: raw.startsWith("{") ? JSON.parse(raw) : raw, headers: response.headers };
  };
  for (const name of namespaces) await ask("POST", "/api/v1/namespaces", { metadata: { name } });
  return { ...server, store, send, ask };
}

/** The whole body of an answer as text. */
export async function bodyText(response: HttpResponse): Promise<string> {
  const { body } = response;
  if (!body) return "";
  if (body instanceof Uint8Array) return text(body);
  let out = "";
  for await (const part of body) out += text(part);
  return out;
}

/** The events of a watch, one by one. */
export async function* linesOf({ body }: HttpResponse): AsyncGenerator<Answer, undefined> {
  let rest = "";
  for await (const part of body as AsyncIterable<Uint8Array>) {
    rest += text(part);
    for (let at = rest.indexOf("\n"); at >= 0; at = rest.indexOf("\n")) {
      yield JSON.parse(rest.slice(0, at));
      rest = rest.slice(at + 1);
    }
  }
  return undefined;
}
