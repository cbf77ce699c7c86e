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

  /** Throws Refused, when that is final, or Unanswered. */
  async call<I extends AnyMessage, O extends AnyMessage>(
    method: Method<I, O>,
    input: Input<I>,
    how: Attempts,
  ): Promise<Answered<Value<O>>> {
    const until = hostClock.monotonic() + how.total;
    let doubtful = false;
    for (let attempt = 1; ; attempt++) {
      const member = this.pick();
      const began = hostClock.monotonic();
      const round = Math.floor((attempt - 1) / this.members.length);
      // one that has failed is not trusted with much of the caller's time
      const patience = member.failures > 0 ? how.each : how.each * Math.min(2 ** round, 8);
      const timeout = Math.min(patience, until - began);
      try {
        const value = await member.client.call(method, input, { timeout, metadata: how.metadata });
        this.praise(member);
        return { value, doubtful };
      } catch (error) {
        if (!(error instanceof GrpcError)) throw error;
        const verdict = error.unsent ? "refused" : how.judge(error);
        if (verdict === "final") {
          this.praise(member);
          throw new Refused(error.code, error.message, doubtful);
        }
        this.blame(member, began);
        doubtful ||= verdict === "unknown";
        const late = hostClock.monotonic() + BETWEEN_ROUNDS >= until;
        if (this.closed || late || (verdict === "unknown" && !how.repeatable)) throw new Unanswered(error.message, !doubtful);
      }
      if (attempt % this.members.length === 0) await hostClock.sleep(BETWEEN_ROUNDS);
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
