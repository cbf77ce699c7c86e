/** `--auth-token` as etcd has it: `simple`, or `jwt,pub-key=FILE,priv-key=FILE,sign-method=RS256,ttl=10m`. */
import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import { FlagError, milliseconds } from "#cluster/flagvalues.ts";
import { SignedTokens } from "#etcd/api/jwt.ts";
import { SimpleTokens, type Tokens } from "#etcd/api/tokens.ts";
import { readIfThere } from "#host/privatefiles.ts";
import { tokenKey } from "#host/tokenkey.ts";

/** `life`: milliseconds. */
export type TokenOptions =
  | { readonly kind: "simple"; readonly life: number }
  | { readonly kind: "jwt"; readonly life: number; readonly method: string; readonly publicFile?: string; readonly privateFile?: string };

const FLAG = "--auth-token";
const METHOD = /^((RS|PS|ES|HS)(256|384|512)|EdDSA)$/;

/** `ttl`: seconds of a simple token. */
export function tokensOf(text: string, ttl: number): TokenOptions {
  const [kind, ...rest] = text.split(",");
  if (kind === "simple") return { kind, life: ttl * 1000 };
  if (kind !== "jwt") throw new FlagError(`${FLAG} ${kind}: neither simple nor jwt`);
  const given = new Map<string, string>();
  for (const pair of rest) {
    const at = pair.indexOf("=");
    const name = pair.slice(0, Math.max(0, at));
    if (!["pub-key", "priv-key", "sign-method", "ttl"].includes(name))
      throw new FlagError(`${FLAG} ${pair}: none of pub-key=FILE, priv-key=FILE, sign-method=NAME, ttl=TIME`);
    given.set(name, pair.slice(at + 1));
  }
  const method = given.get("sign-method") ?? "";
  if (!METHOD.test(method))
    throw new FlagError(`${FLAG} sign-method=${method}: none of RS256 to RS512, PS256 to PS512, ES256 to ES512, HS256 to HS512, EdDSA`);
  return {
    kind,
    life: milliseconds(`${FLAG} ttl`, given.get("ttl") ?? "5m"),
    method,
    publicFile: given.get("pub-key"),
    privateFile: given.get("priv-key"),
  };
}

/** Reads the key's files; throws one sentence. */
export async function openTokens(options: TokenOptions, clock: Clock, chance: Chance): Promise<Tokens> {
  if (options.kind === "simple") return new SimpleTokens(clock, chance, options.life);
  const { method, life, publicFile, privateFile } = options;
  const [publicKey, privateKey] = await Promise.all([publicFile, privateFile].map(contentOf));
  try {
    return new SignedTokens(clock, tokenKey(method, { publicKey, privateKey }), life);
  } catch (error) {
    throw new FlagError(`${FLAG}: ${(error as Error).message}`);
  }
}
async function contentOf(file: string | undefined): Promise<Uint8Array | undefined> {
  if (file === undefined) return undefined;
  const text = await readIfThere(file);
  if (text === undefined) throw new FlagError(`${FLAG}: ${file}: no such file`);
  return new TextEncoder().encode(text);
}
