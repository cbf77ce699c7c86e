/**
 * Cron schedules as Kubernetes reads them (robfig/cron v3, the standard parser): five fields, names of months and days, lists, ranges,
 * steps, `@daily` and its like, and `@every 1h30m`. Where neither day of the month nor day of the week begins with a star, either
 * is enough.
 */
import { parseDuration } from "./time.ts";

export type Cron =
  | { readonly every: number }
  | {
      readonly minutes: ReadonlySet<number>;
      readonly hours: ReadonlySet<number>;
      readonly days: ReadonlySet<number>;
      readonly months: ReadonlySet<number>;
      readonly weekdays: ReadonlySet<number>;
      readonly eitherDay: boolean;
    };
/** The schedule is none; the message is one sentence. */
export class CronError extends Error {}
/** Minutes by which the wall's clock is ahead of UTC at a moment (milliseconds since 1970). */
export type Offset = (at: number) => number;

const MINUTE = 60_000;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const SHORTHANDS: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};
/** No schedule that has a next time has it later: February 29th may be eight years away. */
const HORIZON_YEARS = 9;

/** Throws CronError. */
export function parseCron(schedule: string): Cron {
  const text = schedule.trim();
  if (text.startsWith("@every ")) return { every: everyOf(text.slice(7)) };
  if (text.startsWith("@") && !SHORTHANDS[text]) throw new CronError(`unrecognized descriptor: ${text}`);
  const fields = (SHORTHANDS[text] ?? text).split(/\s+/);
  if (text === "" || fields.length !== 5)
    throw new CronError(`expected exactly 5 fields, found ${text === "" ? 0 : fields.length}: ${schedule}`);
  const [minutes, hours, days, months, weekdays] = fields as [string, string, string, string, string];
  return {
    minutes: setOf(minutes, 0, 59),
    hours: setOf(hours, 0, 23),
    days: setOf(days, 1, 31),
    months: setOf(months, 1, 12, MONTHS),
    weekdays: setOf(weekdays, 0, 6, WEEKDAYS),
    eitherDay: !isStar(days) && !isStar(weekdays),
  };
}
const isStar = (field: string) => field.split(",").some(part => /^[*?]($|\/)/.test(part) && (part.length === 1 || part.endsWith("/1")));

/** A duration as Go writes it, at least a second, in whole seconds. */
function everyOf(text: string): number {
  const duration = parseDuration(text);
  if ("problem" in duration) throw new CronError(`failed to parse duration @every ${text}`);
  return Math.max(1000, Math.floor(duration.ms / 1000) * 1000);
}
function setOf(field: string, least: number, most: number, names: readonly string[] = []): Set<number> {
  const out = new Set<number>();
  for (const part of field.split(",")) {
    const [range = "", step, ...more] = part.split("/");
    const [from = "", to, ...beyond] = range.split("-");
    if (more.length > 0) throw new CronError(`too many slashes: ${part}`);
    if (beyond.length > 0) throw new CronError(`too many hyphens: ${part}`);
    const number = (text: string) => {
      const named = names.indexOf(text.toLowerCase());
      if (named >= 0) return named + least;
      if (!/^\d+$/.test(text)) throw new CronError(`failed to parse int from ${text}`);
      return Number(text);
    };
    const isAll = from === "*" || from === "?";
    if (isAll && to !== undefined) throw new CronError(`failed to parse int from ${from}`);
    const start = isAll ? least : number(from);
    // A step makes a single number the beginning of a range.
    const end = to !== undefined ? number(to) : isAll || step !== undefined ? most : start;
    const by = step === undefined ? 1 : number(step);
    if (start < least) throw new CronError(`beginning of range (${start}) below minimum (${least}): ${part}`);
    if (end > most) throw new CronError(`end of range (${end}) above maximum (${most}): ${part}`);
    if (start > end) throw new CronError(`beginning of range (${start}) beyond end of range (${end}): ${part}`);
    if (by === 0) throw new CronError(`step of range should be a positive number: ${part}`);
    for (let n = start; n <= end; n += by) out.add(n);
  }
  return out;
}

/**
 * The first time of the schedule after `after`; undefined: there is none. Times that the wall's clock leaves out are left out, and
 * those that it shows twice come twice.
 */
export function nextTime(cron: Cron, after: number, offset: Offset = () => 0): number | undefined {
  if ("every" in cron) return Math.floor(after / 1000) * 1000 + cron.every;
  let at = Math.floor(after / MINUTE) * MINUTE + MINUTE;
  const end = wall(at, offset).getUTCFullYear() + HORIZON_YEARS;
  for (;;) {
    const now = wall(at, offset);
    const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
    if (year > end) return undefined;
    if (!cron.months.has(month + 1)) at = moment(Date.UTC(year, month + 1, 1), at, offset);
    else if (!isDay(cron, now)) at = moment(Date.UTC(year, month, day + 1), at, offset);
    else if (!cron.hours.has(now.getUTCHours())) at += (60 - now.getUTCMinutes()) * MINUTE;
    else if (!cron.minutes.has(now.getUTCMinutes())) at += MINUTE;
    else return at;
  }
}
function isDay(cron: Exclude<Cron, { every: number }>, day: Date): boolean {
  const [byMonth, byWeek] = [cron.days.has(day.getUTCDate()), cron.weekdays.has(day.getUTCDay())];
  return cron.eitherDay ? byMonth || byWeek : byMonth && byWeek;
}
const wall = (at: number, offset: Offset) => new Date(at + offset(at) * MINUTE);
/** The first moment after `since` at which the wall's clock shows `shown` or later. */
function moment(shown: number, since: number, offset: Offset): number {
  let at = Math.max(since + MINUTE, shown - offset(shown) * MINUTE - 24 * 60 * MINUTE);
  while (at + offset(at) * MINUTE < shown) {
    const left = shown - (at + offset(at) * MINUTE);
    // An offset may change on the way: the last hours go in quarters.
    at += left > 4 * 60 * MINUTE ? left - 3 * 60 * MINUTE : Math.min(left, 15 * MINUTE);
  }
  return at;
}
