/** Points in time and durations as text: RFC 3339 as metav1.Time and MicroTime write it, Go's durations, and kubectl's ages. */

const TIME_LAYOUT = "2006-01-02T15:04:05Z07:00";
const MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00";

/** `2026-01-02T03:04:05Z` from milliseconds since 1970; fractions are cut off. */
export function formatTime(ms: number): string {
  return momentOf(Math.floor(ms / 1000)).text;
}
/** `2026-01-02T03:04:05.678000Z` from milliseconds (with fractions) since 1970. */
export function formatMicroTime(ms: number): string {
  const micros = Math.floor(ms * 1000);
  const seconds = Math.floor(micros / 1e6);
  return [momentOf(seconds).stem, String(1e6 + micros - seconds * 1e6).slice(1), "Z"].join("");
}
/** What is written within one second says the same. Texts are joined: JSON of one that lies in pieces takes the engine thrice the time. */
function momentOf(seconds: number): typeof latest {
  if (seconds !== latest.seconds) {
    const date = new Date(seconds * 1000).toISOString().slice(0, -5);
    latest = { seconds, text: [date, "Z"].join(""), stem: [date, "."].join("") };
  }
  return latest;
}
let latest = { seconds: 0, text: "1970-01-01T00:00:00Z", stem: "1970-01-01T00:00:00." };

interface Parsed {
  /** Whole seconds since 1970. */
  readonly seconds: number;
  readonly nanos: number;
}

const daysIn = (year: number, month: number) => new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();

/** Reads RFC 3339 as Go's time.Parse does, with its sentences. `digits` is the exact number of decimals, or undefined for any. */
function read(text: string, layout: string, digits: number | undefined): Parsed | string {
  const cannot = (at: number, element: string) =>
    `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(text.slice(at))} as ${JSON.stringify(element)}`;
  const outOfRange = (what: string) => `parsing time ${JSON.stringify(text)}: ${what} out of range`;
  let at = 0;
  const values: number[] = [];
  const elements: [string, number][] = [
    ["2006", 4],
    ["-", 0],
    ["01", 2],
    ["-", 0],
    ["02", 2],
    ["T", 0],
    ["15", 2],
    [":", 0],
    ["04", 2],
    [":", 0],
    ["05", 2],
  ];
  for (const [element, length] of elements) {
    if (length === 0) {
      if (text[at] !== element) return cannot(at, element);
      at++;
      continue;
    }
    const part = text.slice(at, at + length);
    if (part.length < length || !/^\d+$/.test(part)) return cannot(at, element);
    values.push(Number(part));
    at += length;
    const value = Number(part);
    if (element === "01" && (value < 1 || value > 12)) return outOfRange("month");
    if (element === "15" && value > 23) return outOfRange("hour");
    if (element === "04" && value > 59) return outOfRange("minute");
    if (element === "05" && value > 59) return outOfRange("second");
  }
  let nanos = 0;
  const fraction = /^[.,](\d+)/.exec(text.slice(at));
  if (digits !== undefined) {
    const exact = fraction?.[1]?.slice(0, digits);
    if (exact === undefined || exact.length < digits) return cannot(at, `.${"0".repeat(digits)}`);
    nanos = Number(exact.padEnd(9, "0"));
    at += digits + 1;
  } else if (fraction?.[1] !== undefined) {
    nanos = Number(fraction[1].slice(0, 9).padEnd(9, "0"));
    at += fraction[0].length;
  }
  let offset = 0;
  if (text[at] === "Z") at++;
  else {
    const zone = /^([+-])(\d\d):(\d\d)/.exec(text.slice(at));
    if (!zone) return cannot(at, "Z07:00");
    const hours = Number(zone[2]);
    const minutes = Number(zone[3]);
    if (hours > 24 || minutes > 60) return outOfRange("time zone offset hour");
    offset = (zone[1] === "-" ? -1 : 1) * (hours * 3600 + minutes * 60);
    at += 6;
  }
  if (at < text.length) return `parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(text.slice(at))}`;
  const [year, month, day, hour, minute, second] = values as [number, number, number, number, number, number];
  if (day < 1 || day > daysIn(year, month)) return outOfRange("day");
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  return { seconds: date.getTime() / 1000 - offset, nanos };
}

/** Milliseconds since 1970 (with fractions) of an RFC 3339 time, or undefined when it is none. */
export function parseTime(text: string): number | undefined {
  if (plainTime.test(text)) return Date.parse(text);
  const parsed = read(text, TIME_LAYOUT, undefined);
  return typeof parsed === "string" ? undefined : parsed.seconds * 1000 + parsed.nanos / 1e6;
}

/** The outcome of reading a time: its canonical text, or Go's complaint. */
export type TimeText = { readonly text: string } | { readonly problem: string };

/** What needs no careful reading: canonical already, and no day that a month may not have. */
const plainTime = /^(?!0001)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;
const plainMicroTime = new RegExp(plainTime.source.replace(/Z\$$/, "\\.\\d{6}Z$"));

/** metav1.Time: any RFC 3339 text, written in UTC with whole seconds. */
export function canonicalTime(text: string): TimeText {
  if (plainTime.test(text)) return { text };
  const parsed = read(text, TIME_LAYOUT, undefined);
  return typeof parsed === "string" ? { problem: parsed } : { text: formatTime(parsed.seconds * 1000) };
}
/** metav1.MicroTime: exactly six decimals in and out, in UTC. */
export function canonicalMicroTime(text: string): TimeText {
  if (plainMicroTime.test(text)) return { text };
  const parsed = read(text, MICRO_LAYOUT, 6);
  if (typeof parsed === "string") return { problem: parsed };
  return { text: `${formatTime(parsed.seconds * 1000).slice(0, -1)}.${String(parsed.nanos / 1000).padStart(6, "0")}Z` };
}
/** Seconds and nanoseconds of a canonical time, for protobuf. */
export function timeParts(text: string): Parsed | undefined {
  const parsed = read(text, TIME_LAYOUT, undefined);
  return typeof parsed === "string" ? undefined : parsed;
}
/** The zero time of Go, which answers show as null. */
export const ZERO_TIME_SECONDS = -62135596800;

const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a Go duration such as `1h30m` or `-1.5s`, or Go's complaint. */
export function parseDuration(text: string): { readonly ms: number } | { readonly problem: string } {
  const quoted = JSON.stringify(text);
  const bad = { problem: `time: invalid duration ${quoted}` };
  const signed = /^([+-]?)(.*)$/s.exec(text)!;
  let rest = signed[2]!;
  if (rest === "0") return { ms: 0 };
  if (rest === "") return bad;
  let ms = 0;
  while (rest !== "") {
    const number = /^(\d*)(?:\.(\d*))?/.exec(rest)!;
    if (!number[1] && !number[2]) return bad;
    rest = rest.slice(number[0].length);
    const unit = /^[^.\d]*/.exec(rest)![0];
    if (unit === "") return { problem: `time: missing unit in duration ${quoted}` };
    const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
    if (factor === undefined) return { problem: `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}` };
    rest = rest.slice(unit.length);
    ms += Number(`${number[1] || "0"}.${number[2] || "0"}`) * factor;
  }
  if (ms * 1e6 >= 2 ** 63) return bad;
  return { ms: signed[1] === "-" ? -ms : ms };
}

const trimmed = (n: number, decimals: number) => n.toFixed(decimals).replace(/\.?0+$/, "");

/** A duration as Go writes it: `1h30m0s`, `1.5s`, `20ms`, `0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  const sign = ms < 0 ? "-" : "";
  const nanos = Math.round(Math.abs(ms) * 1e6);
  if (nanos < 1000) return `${sign}${nanos}ns`;
  if (nanos < 1e6) return `${sign}${trimmed(nanos / 1e3, 3)}µs`;
  if (nanos < 1e9) return `${sign}${trimmed(nanos / 1e6, 6)}ms`;
  const whole = Math.floor(nanos / 1e9);
  const seconds = `${whole % 60}${nanos % 1e9 ? ((nanos % 1e9) / 1e9).toFixed(9).slice(1).replace(/0+$/, "") : ""}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes === 0) return sign + seconds;
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${sign}${minutes}m${seconds}` : `${sign}${hours}h${minutes % 60}m${seconds}`;
}

/** An age as kubectl and tables print it, in two or three figures: `45s`, `3m12s`, `5h2m`, `3d`, `2y40d`. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return "<invalid>";
  if (ms < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const pair = (big: number, bigUnit: string, small: number, smallUnit: string) =>
    small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return pair(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return pair(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 24 * 8) return pair(days, "d", hours % 24, "h");
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return days < 365 * 8 ? pair(years, "y", days % 365, "d") : `${years}y`;
}
/** The age of an object since its RFC 3339 creation time, as tables show it. */
export function ageOf(creation: string | null | undefined, now: number): string {
  const at = creation ? parseTime(creation) : undefined;
  return at === undefined ? "<unknown>" : humanDuration(now - at);
}
