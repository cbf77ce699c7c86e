/** What this process gives a cluster that lives in it. */
import type { ClusterHost } from "#cluster/create/options.ts";
import { useBuffer } from "#host/bytes.ts";
import { hostClock } from "#host/clock.ts";
import { turn } from "#host/turn.ts";

/** Sockets and what is spoken over them are read when somebody comes from outside: with Node's own modules for TLS that takes longer than the rest. */
export function processHost(): ClusterHost {
  useBuffer();
  return {
    rest: turn,
    streams: runtime => ({
      serve: async (request, target) => (await import("#host/streamserver.ts")).streamServer(runtime).serve(request, target),
    }),
    clock: hostClock,
    serve: async (...given) => (await import("#host/loopback.ts")).serveOnLoopback(...given),
  };
}
