/** A transport to an API server far away: HTTPS with a client certificate or a token, connections kept for the next request. */
import { Agent, request as httpsRequest } from "node:https";
import type { Handler, HttpResponse } from "#base/http.ts";

export interface RemoteOptions {
  /** `https://host:port`. */
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
}
export interface RemoteTransport {
  readonly handle: Handler;
  close(): void;
}

/** Rejects when no connection can be made; answers' bodies are streamed. */
export function remoteTransport(options: RemoteOptions): RemoteTransport {
  const { ca, cert, key, token } = options;
  const agent = new Agent({ keepAlive: true, ca, cert, key });
  const base = new URL(options.server);
  const handle: Handler = request =>
    new Promise<HttpResponse>((resolve, reject) => {
      const { body } = request;
      // Node states no length of a DELETE's body by itself, and the server would take it for another request.
      const length = body instanceof Uint8Array && { "content-length": body.length };
      const headers = { ...request.headers, ...(token && { authorization: `Bearer ${token}` }), ...length };
      const call = httpsRequest(
        {
          agent,
          hostname: base.hostname,
          port: base.port || 443,
          method: request.method,
          path: request.url,
          headers,
          signal: request.signal,
        },
        answer => {
          const received: Record<string, string | readonly string[]> = {};
          for (const [name, value] of Object.entries(answer.headers)) if (value !== undefined) received[name] = value;
          resolve({ status: answer.statusCode ?? 0, headers: received, body: answer });
        },
      );
      call.on("error", reject);
      if (body instanceof Uint8Array || body === undefined) call.end(body);
      else send(call, body).catch(reject);
    });
  return { handle, close: () => agent.destroy() };
}

async function send(call: ReturnType<typeof httpsRequest>, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) if (!call.write(chunk)) await new Promise(resolve => call.once("drain", resolve));
  call.end();
}
