/**
 * The way from the apiserver to what listens at an address: pods and services by the proxy subresources, kubelets of other machines.
 * Certificates are checked where it is said whose they are to be; those of pods and services are not, as upstream does not.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as tlsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import type { Handler, HttpRequest, HttpResponse, Pipe } from "#base/http.ts";
import { serviceUnavailable } from "#base/status.ts";
import { http } from "#host/nodehttp.ts";
import { pipeOf } from "#host/pipe.ts";

const CONNECT_TIMEOUT_MS = 30_000;

export interface OutwardTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** In PEM: the CA that must have signed the other side's certificate, and by what it knows us. */
  readonly trust?: { readonly ca: string; readonly cert: string; readonly key: string };
}
export function outward(target: OutwardTarget): Handler {
  return request =>
    new Promise((resolve, reject) => {
      const send = target.tls ? tlsRequest : http.request;
      const headers = Object.fromEntries(
        Object.entries(request.headers).filter(([name, value]) => value !== undefined && !name.startsWith(":")),
      );
      const call = send({
        host: target.host,
        port: target.port,
        method: request.method,
        path: request.url,
        headers: headers as Record<string, string>,
        signal: request.signal,
        agent: false,
        ...(target.trust ? trusting(target.host, target.trust) : { rejectUnauthorized: false }),
      });
      const timer = setTimeout(() => call.destroy(new Error("dial timeout")), CONNECT_TIMEOUT_MS);
      call.on("socket", socket => socket.once(target.tls ? "secureConnect" : "connect", () => clearTimeout(timer)));
      call.on("close", () => clearTimeout(timer));
      call.on("error", error => reject(serviceUnavailable(`error trying to reach service: ${error.message}`)));
      call.on("response", answer => resolve({ status: answer.statusCode ?? 502, headers: headersOf(answer), body: answer }));
      call.on("upgrade", (answer, socket, head) => resolve(upgraded(answer, socket, head)));
      sendBody(call, request).catch(reject);
    });
}

/** The certificate must be the address's, whatever host the request is for. */
function trusting(host: string, trust: NonNullable<OutwardTarget["trust"]>) {
  return {
    ...trust,
    servername: "",
    checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity(host, certificate),
  };
}

function upgraded(answer: IncomingMessage, socket: Duplex, head: Uint8Array): HttpResponse {
  return { status: 101, headers: headersOf(answer), takeOver: pipe => void join(pipe, pipeOf(socket, head)) };
}
/** Each side's bytes to the other until both have ended. */
async function join(a: Pipe, b: Pipe): Promise<void> {
  const copy = async (from: Pipe, to: Pipe) => {
    for await (const bytes of from.incoming) await to.write(bytes);
    to.end();
  };
  await Promise.all([copy(a, b), copy(b, a)]).catch(() => {
    a.destroy();
    b.destroy();
  });
}
function headersOf(answer: IncomingMessage): Record<string, string | readonly string[]> {
  const out: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(answer.headers)) if (value !== undefined) out[name] = value;
  return out;
}
async function sendBody(call: ClientRequest, { body }: HttpRequest): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) return void call.end(body);
  for await (const chunk of body) if (!call.write(chunk)) await new Promise(resolve => call.once("drain", resolve));
  call.end();
}
