/** gRPC's own health service (grpc.health.v1). */
import { type Route, streaming, unary } from "#base/rpc.ts";
import { healthCalls } from "./adminmessages.ts";

const SERVING = 1;

export function healthRoutes(): Route[] {
  return [
    unary(healthCalls.check, async () => ({ status: SERVING })),
    streaming(healthCalls.watch, async (channel, { signal }) => {
      await channel.next();
      await channel.send({ status: SERVING });
      if (!signal.aborted) await new Promise<void>(resolve => signal.addEventListener("abort", () => resolve(), { once: true }));
    }),
  ];
}
