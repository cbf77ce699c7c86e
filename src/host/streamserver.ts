/**
 * The kubelet's StreamServer: exec, attach and port-forward over WebSocket and SPDY/3.1, joined to the runtime.
 * Protocol versions: KEP-4006 (WebSocket v5 and the tunnel); older ones as k8s.io/apimachinery's httpstream names them.
 */
import type { HttpRequest, HttpResponse, Pipe } from "#base/http.ts";
import type { StreamServer, StreamTarget } from "#kubelet/ports.ts";
import type { Runtime } from "#kubelet/runtime.ts";
import { spdySession } from "./spdy.ts";
import { runCommand } from "./streamcommand.ts";
import { forwardOverSpdy, forwardOverWebSocket } from "./streamforward.ts";
import { spdyChannels } from "./streamspdy.ts";
import { webSocketChannels } from "./streamwebsocket.ts";
import { acceptKey, webSocketServer } from "./websocket.ts";

const spdyCommand = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];
const spdyForward = ["portforward.k8s.io"];
const webSocketCommand = ["v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io"];
const TUNNEL = "SPDY/3.1+portforward.k8s.io";
const webSocketForward = [TUNNEL, "v4.channel.k8s.io", "v4.base64.channel.k8s.io"];

export function streamServer(runtime: Runtime): StreamServer {
  return {
    async serve(request, target) {
      const upgrade = words(request.headers.upgrade).map(w => w.toLowerCase());
      const connection = words(request.headers.connection).map(w => w.toLowerCase());
      if (!connection.includes("upgrade") || request.upgradable === false)
        return refuse(400, "unable to upgrade: missing upgrade headers in request");
      if (upgrade.includes("websocket")) return overWebSocket(request, target, runtime);
      if (upgrade.includes("spdy/3.1")) return overSpdy(request, target, runtime);
      return refuse(400, `unable to upgrade: ${request.headers.upgrade ?? ""} is not spoken here (SPDY/3.1 and websocket are)`);
    },
  };
}

function overSpdy(request: HttpRequest, target: StreamTarget, runtime: Runtime): HttpResponse {
  const forwarding = target.verb === "portForward";
  const accepted = forwarding ? spdyForward : spdyCommand;
  const offered = words(request.headers["x-stream-protocol-version"]);
  // The first clients did not negotiate.
  const protocol = offered.length === 0 ? accepted.at(-1)! : offered.find(p => accepted.includes(p));
  if (protocol === undefined) {
    const message = `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(" ")}], server accepts [${accepted.join(" ")}]`;
    return refuse(403, message, { "x-accepted-stream-protocol-versions": accepted });
  }
  const headers: Record<string, string> = { connection: "Upgrade", upgrade: "SPDY/3.1" };
  if (offered.length > 0) headers["x-stream-protocol-version"] = protocol;
  return {
    status: 101,
    headers,
    takeOver(pipe) {
      const session = spdySession(pipe, "server");
      if (target.verb === "portForward") background(forwardOverSpdy(session, runtime, target.sandboxId), pipe);
      else
        background(
          spdyChannels(session, target, protocol).then(channels => runCommand(runtime, target, channels)),
          pipe,
        );
    },
  };
}

function overWebSocket(request: HttpRequest, target: StreamTarget, runtime: Runtime): HttpResponse {
  const key = request.headers["sec-websocket-key"];
  if (key === undefined || request.method !== "GET") return refuse(400, "unable to upgrade: not a WebSocket handshake");
  if (request.headers["sec-websocket-version"] !== "13") {
    return refuse(426, "unable to upgrade: WebSocket version 13 is spoken here", { "sec-websocket-version": "13" });
  }
  const accepted = target.verb === "portForward" ? webSocketForward : webSocketCommand;
  const offered = words(request.headers["sec-websocket-protocol"]);
  const protocol = offered.length === 0 ? "" : offered.find(p => accepted.includes(p));
  if (protocol === undefined) {
    return refuse(
      403,
      `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(" ")}], server accepts [${accepted.join(" ")}]`,
    );
  }
  const headers: Record<string, string> = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-accept": acceptKey(key) };
  if (protocol !== "") headers["sec-websocket-protocol"] = protocol;
  return {
    status: 101,
    headers,
    takeOver(pipe) {
      const socket = webSocketServer(pipe);
      if (target.verb !== "portForward") {
        background(runCommand(runtime, target, webSocketChannels(socket, target, protocol)), pipe);
      } else if (protocol === TUNNEL) {
        const session = spdySession(tunnel(socket, pipe), "server");
        background(forwardOverSpdy(session, runtime, target.sandboxId), pipe);
      } else background(forwardOverWebSocket(socket, runtime, target, protocol), pipe);
    },
  };
}

/** SPDY's bytes in binary messages. */
function tunnel(socket: ReturnType<typeof webSocketServer>, under: Pipe): Pipe {
  async function* incoming(): AsyncGenerator<Uint8Array> {
    for await (const message of socket.messages) yield message.bytes;
  }
  return {
    incoming: incoming(),
    write: bytes => socket.send(bytes),
    end: () => void socket.close(1000, ""),
    destroy: () => void socket.close(1000, ""),
    closed: under.closed,
  };
}

/** A stream that fails has told its client what it could: what is left is to cut the connection. */
function background(work: Promise<void>, pipe: Pipe): void {
  work.catch(() => pipe.destroy());
}
function words(header: string | undefined): string[] {
  return (header ?? "")
    .split(",")
    .map(w => w.trim())
    .filter(w => w !== "");
}
function refuse(status: number, message: string, headers: Record<string, string | string[]> = {}): HttpResponse {
  return { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers }, body: Buffer.from(`${message}\n`) };
}
