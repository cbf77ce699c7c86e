/**
 * Work that one control plane does for the whole cluster: loops and scheduler. Alone on its store it begins at once; with others it is
 * done by who holds the Lease of that name, under upstream's names and times.
 */
import type { Clock } from "#base/clock.ts";
import type { Identity } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import { serviceUnavailable } from "#base/status.ts";
import type { Client, Transport } from "#client/client.ts";
import { elect } from "#client/leader.ts";

export interface Work {
  start(): Promise<void>;
  stop(): Promise<void>;
}
export interface OfficeParts {
  readonly name: string;
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** The candidate's own, the same for each process on one data directory: who comes back goes on at once. */
  readonly identity: string;
  /** Begins anew with each election won. Its writes are to go by `guarded` transports. */
  readonly make: (inOffice: () => boolean) => Work;
}

/** Its `start` resolves when the candidate stands, won or not. */
export function electedOffice({ make, ...parts }: OfficeParts): Work {
  const { log, name } = parts;
  const ending = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  let work: Work | undefined;
  /** What starts and stops takes its turn. */
  let turn: Promise<void> = Promise.resolve();
  const next = (run: () => Promise<void>) => {
    turn = turn.then(run).catch(error => log.error("an office could not change hands", { office: name, error: String(error) }));
    return turn;
  };
  return {
    async start() {
      ended = elect(
        {
          ...parts,
          namespace: "kube-system",
          onWon(_, inOffice) {
            log.info("this control plane leads", { office: name });
            const mine = make(inOffice);
            work = mine;
            void next(() => mine.start());
          },
          onLost() {
            log.info("this control plane leads no more", { office: name });
            const was = work;
            work = undefined;
            return next(async () => was?.stop());
          },
        },
        ending.signal,
      );
    },
    async stop() {
      ending.abort();
      await ended;
      await turn;
    },
  };
}

/** Writes are sent while in office only: a process that was stopped for a while must not write after its successor. */
export function guarded(transport: Transport, inOffice: () => boolean): Transport {
  return async request => {
    if (request.method !== "GET" && !inOffice()) throw serviceUnavailable("another control plane leads by now");
    return transport(request);
  };
}
/** Makes a client for an identity. */
export type ClientFor = (identity: Identity, userAgent: string) => Client;
