/** etcd's simple tokens: a random word that stands for a user, for five minutes after its last use. */
import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LENGTH = 16;
const LIFE = 5 * 60_000;
/** Tokens kept at once; the oldest go first. */
const MOST = 100_000;

export class Tokens {
  private readonly clock: Clock;
  private readonly chance: Chance;
  /** Least recently used first. */
  private readonly held = new Map<string, { user: string; until: number }>();

  constructor(clock: Clock, chance: Chance) {
    this.clock = clock;
    this.chance = chance;
  }
  /** `index` is a part of it, as etcd's has: the revision at which it was given. */
  give(user: string, index: number): string {
    this.sweep();
    let word = "";
    while (word.length < LENGTH) {
      // 208 is four times the alphabet: each letter is as likely.
      for (const byte of this.chance.bytes(LENGTH)) if (byte < 208 && word.length < LENGTH) word += LETTERS[byte % 52];
    }
    const token = `${word}.${index}`;
    this.held.set(token, { user, until: this.clock.monotonic() + LIFE });
    return token;
  }
  userOf(token: string): string | undefined {
    const found = this.held.get(token);
    if (!found) return undefined;
    this.held.delete(token);
    const now = this.clock.monotonic();
    if (found.until <= now) return undefined;
    this.held.set(token, { user: found.user, until: now + LIFE });
    return found.user;
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
