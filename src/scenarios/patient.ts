/** A cluster whose requests wait, in virtual time, until there is a control plane that answers. */
import { StatusError } from "#base/status.ts";
import { LostReply } from "#client/http.ts";
import type { Cluster } from "#cluster/create/cluster.ts";

const WAIT = 5000;
/** Milliseconds that pass at once while a request is under way. */
const STEP = 10;
/** Milliseconds after which nobody waits any more. */
const PATIENCE = 24 * 3600_000;

export function patient(cluster: Cluster): Cluster {
  const waiting =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      for (const end = cluster.clock.now() + PATIENCE; ; ) {
        try {
          return await meanwhile(cluster, call(...args));
        } catch (error) {
          const away = error instanceof LostReply || (error instanceof StatusError && error.code >= 500);
          if (!away || cluster.clock.now() > end) throw error;
          await cluster.clock.advance(WAIT);
        }
      }
    };
  const { client } = cluster;
  const patiently = {
    ...client,
    get: waiting(client.get),
    list: waiting(client.list),
    create: waiting(client.create),
    update: waiting(client.update),
    patch: waiting(client.patch),
    delete: waiting(client.delete),
  } as Cluster["client"];
  return Object.create(cluster, {
    client: { value: patiently },
    apply: { value: waiting(cluster.apply) },
  }) as Cluster;
}

/** Lets time pass where `work` needs some, as on a slow disk. */
async function meanwhile<R>(cluster: Cluster, work: Promise<R>): Promise<R> {
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  done.catch(() => undefined);
  for (let pass = 0; !over; pass = STEP) await cluster.clock.advance(pass);
  return done;
}
