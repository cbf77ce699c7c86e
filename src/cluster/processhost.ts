/** What this process gives a cluster that lives in it. */
import type { ClusterHost } from "#cluster/create/options.ts";
import { useBuffer } from "#host/bytes.ts";
import { hostClock } from "#host/clock.ts";
import { serveOnLoopback } from "#host/loopback.ts";
import { streamServer } from "#host/streamserver.ts";
import { turn } from "#host/turn.ts";

export function processHost(): ClusterHost {
  useBuffer();
  return { rest: turn, streams: streamServer, clock: hostClock, serve: serveOnLoopback };
}
