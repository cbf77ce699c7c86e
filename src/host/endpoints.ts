/**
 * Several members of one service, called in turn. One that fails, or does not answer in time, is left alone for a while, and then
 * tried by one call before all others come back to it.
 */
import type { AnyMessage, Input, Method, Value } from "#base/message.ts";
import { type Answered, type CallHow, Refused, Unanswered } from "#etcd/ports.ts";
import { hostClock } from "#host/clock.ts";
import { type Address, type CallOptions, type ClientOptions, type Duplex, type GrpcClient, GrpcError, grpcClient } from "#host/grpc.ts";

/** What a failed attempt means for the call. `refused`: it was not carried out, and another member may do it. */
export type Verdict = "final" | "refused" | "unknown";
export interface Attempts extends CallHow {
  /** Milliseconds for all attempts together, and for one, which doubles with each round of all members, up to eight times. */
  readonly total: number;
  readonly each: number;
  /** Milliseconds after which another member is asked as well, which double likewise. */
  readonly patience: number;
  readonly judge: (error: GrpcError) => Verdict;
  readonly metadata?: CallOptions["metadata"];
}

const FIRST_REST = 250;
const LONGEST_REST = 8_000;
const BETWEEN_ROUNDS = 100;

interface Member {
  readonly url: string;
  readonly client: GrpcClient;
  /** Failures since it last answered. */
  failures: number;
  blamed: number;
  restsUntil: number;
  /** The one call that tries it after its rest. */
  tried: boolean;
}

/** One attempt under way. */
interface Flight<V> {
  readonly member: Member;
  readonly began: number;
  readonly landed: Promise<Landed<V>>;
}
interface Landed<V> {
  readonly flight: Flight<V>;
  readonly outcome: { readonly value: V } | { readonly error: unknown };
}
function takeOff<V>(member: Member, began: number, answer: Promise<V>): Flight<V> {
  const flight: Flight<V> = {
    member,
    began,
    landed: answer.then(
      value => ({ flight, outcome: { value } }),
      (error: unknown) => ({ flight, outcome: { error } }),
    ),
  };
  return flight;
}
/** The first that lands; undefined: none did until `due`. */
async function soonest<V>(flights: ReadonlySet<Flight<V>>, due: number): Promise<Landed<V> | undefined> {
  const landed = [...flights].map(f => f.landed);
  if (due === Number.POSITIVE_INFINITY) return Promise.race(landed);
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const cancel = hostClock.after(Math.max(0, due - hostClock.monotonic()), () => resolve(undefined));
  return Promise.race([...landed, promise]).finally(cancel);
}

export class Endpoints {
  private readonly members: readonly Member[];
  private next = 0;
  private closed = false;

  constructor(addresses: readonly Address[], options: ClientOptions) {
    this.members = addresses.map(a => ({
      url: a.url,
      client: grpcClient(a, options),
      failures: 0,
      blamed: 0,
      restsUntil: 0,
      tried: false,
    }));
  }

  /**
   * The first answer that counts. Of a repeatable call another member is asked as well when one keeps it waiting: what a follower has
   * sent on to a leader that hangs is lost, and nobody tells. Throws Refused, when that is final, or Unanswered.
   */
  async call<I extends AnyMessage, O extends AnyMessage>(
    method: Method<I, O>,
    input: Input<I>,
    how: Attempts,
  ): Promise<Answered<Value<O>>> {
    const count = this.members.length;
    const until = hostClock.monotonic() + how.total;
    const stop = new AbortController();
    // between two attempts nothing else may keep the process, which would end without a word
    const held = setTimeout(() => undefined, how.total);
    const flights = new Set<Flight<Value<O>>>();
    let latest: Flight<Value<O>> | undefined;
    let attempts = 0;
    let due = 0;
    let doubtful = false;
    const begin = () => {
      const growth = Math.min(2 ** Math.floor(attempts++ / count), 8);
      const began = hostClock.monotonic();
      const member = this.pick();
      const timeout = Math.min(how.each * growth, until - began);
      latest = takeOff(member, began, member.client.call(method, input, { timeout, metadata: how.metadata, signal: stop.signal }));
      flights.add(latest);
      due = how.repeatable && count > 1 ? began + how.patience * growth : Number.POSITIVE_INFINITY;
    };
    try {
      for (begin(); ; ) {
        const late = due + BETWEEN_ROUNDS >= until;
        const landed = await soonest(flights, late && flights.size > 0 ? Number.POSITIVE_INFINITY : due);
        if (!landed) {
          if (latest) this.blame(latest.member, latest.began);
          begin();
          continue;
        }
        const { flight, outcome } = landed;
        const { member, began } = flight;
        flights.delete(flight);
        const others = flights.size > 0;
        if ("value" in outcome) {
          this.praise(member);
          return { value: outcome.value, doubtful: doubtful || others };
        }
        const { error } = outcome;
        if (!(error instanceof GrpcError)) throw error;
        const verdict = error.unsent ? "refused" : how.judge(error);
        if (verdict === "final") {
          this.praise(member);
          throw new Refused(error.code, error.message, doubtful || others);
        }
        this.blame(member, began);
        doubtful ||= verdict === "unknown";
        const now = hostClock.monotonic();
        const over = this.closed || now + BETWEEN_ROUNDS >= until || (verdict === "unknown" && !how.repeatable);
        if (over && !others) throw new Unanswered(error.message, !doubtful);
        if (flight !== latest) continue;
        latest = undefined;
        due = now + (attempts % count === 0 ? BETWEEN_ROUNDS : 0);
      }
    } finally {
      clearTimeout(held);
      for (const { member } of flights) member.tried = false;
      if (flights.size > 0) stop.abort();
    }
  }

  /** A two-way stream with one member; `failed` tells that it was of no use, `worked` that it was. */
  duplex<I extends AnyMessage, O extends AnyMessage>(
    method: Method<I, O>,
    options: CallOptions,
  ): { readonly stream: Duplex<I, O>; failed(): void; worked(): void } {
    const member = this.pick();
    const began = hostClock.monotonic();
    return {
      stream: member.client.duplex(method, options),
      failed: () => this.blame(member, began),
      worked: () => this.praise(member),
    };
  }

  close(): void {
    this.closed = true;
    for (const { client } of this.members) client.close();
  }

  /** The next in turn that is not resting; when all are, the one that has rested most. */
  private pick(): Member {
    const now = hostClock.monotonic();
    const { members } = this;
    for (let i = 0; i < members.length; i++) {
      const member = members[(this.next + i) % members.length]!;
      if (member.failures > 0 && (member.tried || member.restsUntil > now)) continue;
      this.next = (this.next + i + 1) % members.length;
      if (member.failures > 0) member.tried = true;
      return member;
    }
    return members.reduce((a, b) => (b.restsUntil < a.restsUntil ? b : a));
  }
  private praise(member: Member): void {
    member.failures = 0;
    member.tried = false;
  }
  private blame(member: Member, began: number): void {
    member.tried = false;
    const now = hostClock.monotonic();
    // of many calls that failed together each would double the rest
    if (member.failures > 0 && member.blamed > began) return;
    member.blamed = now;
    member.restsUntil = now + Math.min(LONGEST_REST, FIRST_REST * 2 ** Math.min(member.failures, 10));
    member.failures++;
  }
}
