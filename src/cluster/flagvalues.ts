/** Values of command-line flags, read and checked. */
import { parseDuration } from "#base/time.ts";

/** A flag's value that cannot be; the message names the flag. */
export class FlagError extends Error {
  override name = "OptionError";
}

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

export function addressOf(flag: string, text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url && (url.pathname === "/" || url.pathname === "") && url.search === "";
  if (!plain || !["http:", "https:"].includes(url.protocol))
    throw new FlagError(`${flag} ${text}: not an address like http://127.0.0.1:2379`);
  const secure = url.protocol === "https:";
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port === "" ? (secure ? 443 : 80) : Number(url.port), secure };
}
/** A flag of Go's: alone it is true. */
export function truth(flag: string, text: boolean | string = false): boolean {
  if (typeof text === "boolean") return text;
  if (text !== "true" && text !== "false") throw new FlagError(`${flag} ${text}: neither true nor false`);
  return text === "true";
}
export function count(flag: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new FlagError(`${flag} ${text}: not a number from ${least}${most === Number.MAX_SAFE_INTEGER ? " on" : ` to ${most}`}`);
}
export function milliseconds(flag: string, text: string): number {
  const parsed = parseDuration(text);
  if ("problem" in parsed || parsed.ms <= 0) throw new FlagError(`${flag} ${text}: not a time like 30s or 10m`);
  return parsed.ms;
}
export function bytes(flag: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new FlagError(`${flag} ${text}: not a number of bytes`);
  return value;
}
