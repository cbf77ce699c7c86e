/** A connection from outside to a port of a simulated pod, as port-forward makes it. */
import type { Pipe } from "#base/http.ts";
import { pipePair } from "#base/pipes.ts";
import { serveHttp } from "#sim/httpserver.ts";
import { answerOf, listener } from "#sim/network.ts";
import type { Script } from "#sim/script.ts";

interface Running {
  readonly script: Script;
  /** Ended with it. */
  readonly ending: AbortController;
}
/** It ends with the container that listens there; throws containerd's sentence when none does. */
export function connected(containers: readonly Running[], port: number): Pipe {
  const script = listener([containers.map(c => c.script)], port);
  const found = containers.find(c => c.script === script);
  if (!found)
    throw new Error(
      `failed to connect to localhost:${port} inside namespace, IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused`,
    );
  const [outer, inner] = pipePair();
  const { http } = found.script;
  const { signal } = found.ending;
  const cut = () => inner.destroy();
  signal.addEventListener("abort", cut, { once: true });
  void inner.closed.then(() => signal.removeEventListener("abort", cut));
  if (http) void serveHttp(inner, message => answerOf(http, { ...message, port }));
  else cut();
  return outer;
}
