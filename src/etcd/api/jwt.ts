/**
 * etcd's tokens that need no memory: JSON Web Tokens (RFC 7519) of a user, the revision of users and roles at which it logged in, and
 * when they end. They outlive a start; what has changed since of users and roles makes them old.
 */
import { text, utf8 } from "#base/bytes.ts";
import type { Clock } from "#base/clock.ts";
import { RpcError, rpcCode } from "#base/rpc.ts";
import type { Known, Login, Tokens } from "./tokens.ts";

export interface TokenKey {
  /** As RFC 7518 names it. */
  readonly algorithm: string;
  /** Undefined: only the public key is known. */
  readonly sign?: (data: Uint8Array) => Uint8Array;
  readonly verify: (data: Uint8Array, signature: Uint8Array) => boolean;
}

const base64url = (bytes: Uint8Array) => bytes.toBase64({ alphabet: "base64url", omitPadding: true });
const part = (value: unknown) => base64url(utf8(JSON.stringify(value)));

export class SignedTokens implements Tokens {
  private readonly clock: Clock;
  private readonly key: TokenKey;
  private readonly life: number;

  /** `life`: milliseconds. */
  constructor(clock: Clock, key: TokenKey, life: number) {
    this.clock = clock;
    this.key = key;
    this.life = life;
  }
  give(username: string, { authRevision: revision }: Login): string {
    const { algorithm, sign } = this.key;
    if (!sign) throw new RpcError(rpcCode.unknown, "auth: token signing attempted with verify-only key");
    const exp = Math.floor((this.clock.now() + this.life) / 1000);
    const signed = `${part({ alg: algorithm, typ: "JWT" })}.${part({ exp, revision, username })}`;
    return `${signed}.${base64url(sign(utf8(signed)))}`;
  }
  known(token: string): Known | undefined {
    const [head = "", payload = "", signature = "", more] = token.split(".");
    try {
      const bytes = fromBase64url(signature);
      if (more !== undefined || decoded(head).alg !== this.key.algorithm || !this.key.verify(utf8(`${head}.${payload}`), bytes))
        return undefined;
      const { exp, revision, username } = decoded(payload);
      if (typeof username !== "string" || typeof revision !== "number") return undefined;
      return typeof exp === "number" && exp * 1000 <= this.clock.now() ? undefined : { name: username, revision };
    } catch {
      return undefined;
    }
  }
  // What has changed of a user makes its tokens old.
  forgetUser(): void {}
  clear(): void {}
}
const fromBase64url = (encoded: string) => Uint8Array.fromBase64(encoded, { alphabet: "base64url" });
const decoded = (encoded: string) => JSON.parse(text(fromBase64url(encoded))) as Record<string, unknown>;
