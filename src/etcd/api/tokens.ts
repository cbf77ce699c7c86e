/** What a user gets for its password, and shows with every call from then on. */
import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LENGTH = 16;
/** Tokens kept at once; the oldest go first. */
const MOST = 100_000;

/** Whom a token stands for; `revision`: what is known of users and roles as of then, where the token tells it. */
export interface Known {
  readonly name: string;
  readonly revision?: number;
}
/** Where a login happens: at a revision of the store, and one of users and roles. */
export interface Login {
  readonly revision: number;
  readonly authRevision: number;
}
export interface Tokens {
  give(user: string, at: Login): string;
  /** Undefined: it does not hold, or not any more. */
  known(token: string): Known | undefined;
  forgetUser(user: string): void;
  clear(): void;
}

/** etcd's simple tokens: a random word that stands for a user, for some minutes after its last use. */
export class SimpleTokens implements Tokens {
  private readonly clock: Clock;
  private readonly chance: Chance;
  private readonly life: number;
  /** Least recently used first. */
  private readonly held = new Map<string, { user: string; until: number }>();

  /** `life`: milliseconds. */
  constructor(clock: Clock, chance: Chance, life = 5 * 60_000) {
    this.clock = clock;
    this.chance = chance;
    this.life = life;
  }
  /** The store's revision is a part of it, as etcd's has. */
  give(user: string, { revision }: Login): string {
    this.sweep();
    let word = "";
    while (word.length < LENGTH) {
      // 208 is four times the alphabet: each letter is as likely.
      for (const byte of this.chance.bytes(LENGTH)) if (byte < 208 && word.length < LENGTH) word += LETTERS[byte % 52];
    }
    const token = `${word}.${revision}`;
    this.held.set(token, { user, until: this.clock.monotonic() + this.life });
    return token;
  }
  known(token: string): Known | undefined {
    const found = this.held.get(token);
    if (!found) return undefined;
    this.held.delete(token);
    const now = this.clock.monotonic();
    if (found.until <= now) return undefined;
    this.held.set(token, { user: found.user, until: now + this.life });
    return { name: found.user };
  }
  forgetUser(user: string): void {
    for (const [token, held] of this.held) if (held.user === user) this.held.delete(token);
  }
  clear(): void {
    this.held.clear();
  }

  private sweep(): void {
    const now = this.clock.monotonic();
    for (const [token, { until }] of this.held) {
      if (until > now && this.held.size < MOST) return;
      this.held.delete(token);
    }
  }
}
