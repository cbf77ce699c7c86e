/** An API server's own Lease in kube-system, by which others see which servers live (upstream's APIServerIdentity, KEP-1965). */
import type { Cancel, Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { reasonOf } from "#base/status.ts";
import { formatMicroTime } from "#base/time.ts";
import type { Client } from "#client/client.ts";
import { Lease } from "#kinds/coordination/v1/lease.ts";

const NAMESPACE = "kube-system";
const LABELS = { "apiserver.kubernetes.io/identity": "kube-apiserver" };
/** Upstream's times: seconds that it holds, milliseconds after which it is renewed. */
const DURATION_SECONDS = 3600;
const RENEW_MS = 10_000;

export interface Announced {
  start(): void;
  stop(): void;
}
export function announced(
  identity: string,
  { client, clock, log }: { readonly client: Client; readonly clock: Clock; readonly log: Log },
): Announced {
  const name = `apiserver-${identity}`;
  let timer: Cancel | undefined;
  let ended = false;
  async function renew(): Promise<void> {
    const renewTime = formatMicroTime(clock.now());
    const spec = { holderIdentity: name, leaseDurationSeconds: DURATION_SECONDS, renewTime };
    try {
      const there = await client.get(Lease, name, NAMESPACE);
      await client.update(Lease, { ...there, spec: { ...there.spec, ...spec } });
    } catch (error) {
      if (reasonOf(error) !== "NotFound") throw error;
      await client.create(Lease, { metadata: { name, namespace: NAMESPACE, labels: LABELS }, spec });
    }
  }
  const round = () => {
    renew()
      .catch(error => log.warn("the API server's own lease was not renewed", { lease: name, error: String(error) }))
      .finally(() => {
        if (!ended) timer = clock.after(RENEW_MS, round);
      });
  };
  return {
    start: round,
    stop() {
      ended = true;
      timer?.();
    },
  };
}
