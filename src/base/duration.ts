import { parseDuration } from "./time.ts";

/** Milliseconds, or upstream's notation: "90s", "10m", "1h30m". */
export type Duration = number | string;

/** In milliseconds; throws one sentence that names `field`. */
export function durationOf(field: string, value: Duration): number {
  const parsed = typeof value === "number" ? { ms: value } : parseDuration(value);
  if ("problem" in parsed) throw new Error(`${field}: ${parsed.problem}`);
  if (!(parsed.ms >= 0 && parsed.ms < Number.POSITIVE_INFINITY)) throw new Error(`${field}: ${value} is no span of time to come`);
  return parsed.ms;
}
