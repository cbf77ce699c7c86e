/**
 * resource.Quantity: fixed-point numbers with suffixes, in upstream's canonical text. Values are whole multiples of 10⁻⁹
 * (finer ones are rounded away from zero on reading), kept as bigint.
 */

import { limits } from "#base/limits.ts";

export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

const NANO = 1_000_000_000n;
const MAX_INT64 = (1n << 63n) - 1n;
/** Exponents beyond this are refused; upstream would try to write that many digits. */
const MAX_EXPONENT = 1000;

const decimalSuffixes: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binarySuffixes: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const suffixOfDecimal = new Map(Object.entries(decimalSuffixes).map(([s, e]) => [e, s]));
const suffixOfBinary = new Map(Object.entries(binarySuffixes).map(([s, e]) => [e, s]));

export const QUANTITY_FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
export const QUANTITY_NUMERIC = "unable to parse numeric part of quantity";
export const QUANTITY_SUFFIX = "unable to parse quantity's suffix";

/** A text that is no quantity; the message is one of upstream's three. */
export class QuantityError extends Error {}

export class Quantity {
  /** The value in billionths. */
  readonly nanos: bigint;
  readonly format: QuantityFormat;
  /** The text: as it was given, when upstream keeps it; else made when somebody asks. */
  private text: string | undefined;

  constructor(nanos: bigint, format: QuantityFormat = "DecimalSI", given?: string) {
    this.nanos = nanos;
    this.format = format;
    this.text = given;
  }
  static of(value: number, format: QuantityFormat = "DecimalSI"): Quantity {
    return new Quantity(BigInt(value) * NANO, format);
  }
  static milli(value: number, format: QuantityFormat = "DecimalSI"): Quantity {
    return new Quantity(BigInt(value) * 1_000_000n, format);
  }
  get isZero(): boolean {
    return this.nanos === 0n;
  }
  /** -1, 0 or 1. */
  get sign(): number {
    return this.nanos === 0n ? 0 : this.nanos < 0n ? -1 : 1;
  }
  /** -1, 0 or 1. */
  compare(other: Quantity): number {
    return this.nanos === other.nanos ? 0 : this.nanos < other.nanos ? -1 : 1;
  }
  /** The sum, in this one's format (the other's when this is zero). */
  add(other: Quantity): Quantity {
    return new Quantity(this.nanos + other.nanos, this.isZero ? other.format : this.format);
  }
  sub(other: Quantity): Quantity {
    return new Quantity(this.nanos - other.nanos, this.isZero ? other.format : this.format);
  }
  times(factor: number): Quantity {
    return new Quantity(this.nanos * BigInt(factor), this.format);
  }
  negated(): Quantity {
    return new Quantity(-this.nanos, this.format);
  }
  /** The value in whole units, rounded away from zero (upstream's Value). */
  value(): number {
    return Number(awayFromZero(this.nanos, NANO));
  }
  /** The value in thousandths, rounded away from zero (upstream's MilliValue). */
  milliValue(): number {
    return Number(awayFromZero(this.nanos, 1_000_000n));
  }
  /** The value as a float, for ratios. */
  toNumber(): number {
    return Number(this.nanos) / 1e9;
  }
  /** Upstream's canonical text. */
  toString(): string {
    this.text ??= canonical(this.nanos, this.format);
    return this.text;
  }
  toJSON(): string {
    return this.toString();
  }
}

function awayFromZero(value: bigint, unit: bigint): bigint {
  const whole = value / unit;
  if (whole * unit === value) return whole;
  return value < 0n ? whole - 1n : whole + 1n;
}

function canonical(nanos: bigint, format: QuantityFormat): string {
  if (nanos === 0n) return "0";
  const small = nanos > -1024n * NANO && nanos < 1024n * NANO;
  if (format === "BinarySI" && !small && nanos % NANO === 0n) {
    let amount = nanos / NANO;
    let exponent = 0;
    while (exponent < 60 && amount % 1024n === 0n) {
      amount /= 1024n;
      exponent += 10;
    }
    return amount + (exponent === 0 ? "" : suffixOfBinary.get(exponent)!);
  }
  let amount = nanos;
  let exponent = -9;
  while (amount % 1000n === 0n) {
    amount /= 1000n;
    exponent += 3;
  }
  if (format === "DecimalExponent") return exponent === 0 ? `${amount}` : `${amount}e${exponent}`;
  // Beyond exa there is no suffix; upstream then prints the bare mantissa, which would be another number.
  for (; exponent > 18; exponent -= 3) amount *= 1000n;
  return amount + suffixOfDecimal.get(exponent)!;
}

const shape = /^([+-]?)(\d*)(?:(\.)(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;

/** What was read already: objects of one sort say the same again and again. */
const known = new Map<string, Quantity>();
/** Longer texts are not kept. */
const KNOWN_LENGTH = 32;
/** Reads a quantity; throws QuantityError with upstream's sentence. */
export function parseQuantity(text: string): Quantity {
  const seen = known.get(text);
  if (seen) return seen;
  const quantity = read(text);
  if (text.length <= KNOWN_LENGTH) {
    if (known.size >= limits.knownQuantities) known.clear();
    known.set(text, quantity);
  }
  return quantity;
}
function read(text: string): Quantity {
  if (text === "") throw new QuantityError(QUANTITY_FORMAT_WRONG);
  const match = shape.exec(text);
  if (!match) throw new QuantityError(QUANTITY_FORMAT_WRONG);
  const [, sign, integer, dot, fraction = "", suffix = ""] = match;
  const digits = integer!.replace(/^0+/, "") || "0";
  let format: QuantityFormat = "DecimalSI";
  let exponent = 0;
  let factor = 1n;
  if (Object.hasOwn(decimalSuffixes, suffix)) exponent = decimalSuffixes[suffix]!;
  else if (Object.hasOwn(binarySuffixes, suffix)) {
    format = "BinarySI";
    factor = 1n << BigInt(binarySuffixes[suffix]!);
  } else if (/^[eE][-+]?\d+$/.test(suffix)) {
    format = "DecimalExponent";
    exponent = Number(suffix.slice(1));
    if (Math.abs(exponent) > MAX_EXPONENT) throw new QuantityError(QUANTITY_SUFFIX);
  } else throw new QuantityError(QUANTITY_SUFFIX);

  const shifted = digits + fraction;
  const scale = exponent - fraction.length;
  const kept = keeps(text, shifted, digits, fraction, scale, format, factor, suffix);
  if (kept === undefined && integer === "" && fraction === "" && dot === undefined && scale < -9) throw new QuantityError(QUANTITY_NUMERIC);
  let nanos = BigInt(shifted) * factor;
  if (scale >= -9) nanos *= 10n ** BigInt(scale + 9);
  else nanos = awayFromZero(nanos, 10n ** BigInt(-9 - scale));
  if (format === "BinarySI") {
    if (nanos > MAX_INT64 * NANO) nanos = MAX_INT64 * NANO;
    if (kept === undefined && nanos > 0n && nanos < NANO) format = "DecimalSI";
  }
  return new Quantity(sign === "-" ? -nanos : nanos, format, kept === true ? text : undefined);
}

/** Whether upstream keeps the text as it was given: when it needs no big numbers and looks canonical enough to it. */
function keeps(
  text: string,
  shifted: string,
  digits: string,
  fraction: string,
  scale: number,
  format: QuantityFormat,
  factor: bigint,
  suffix: string,
): boolean | undefined {
  if (text === "0") return true;
  if (format === "BinarySI") {
    const bits = binarySuffixes[suffix]!;
    if (fraction !== "" || 15 - digits.length - Math.trunc((bits * 3) / 10) - 1 < 0 || BigInt(shifted) * factor > MAX_INT64)
      return undefined;
    return (Number(shifted.slice(-3)) & 7) !== 0;
  }
  if (18 - shifted.length < 0 || scale < -9) return undefined;
  return scale % 3 === 0 && !shifted.endsWith("000") && shifted[0] !== "0";
}

const plain = /^[1-9]\d{0,2}(?:m|k|M|G|Ki|Mi|Gi)?$/;
const divisible = /i$/;

/** The canonical text of a quantity's text (`0.5` → `500m`, `1024Mi` → `1Gi`); throws QuantityError. */
export function canonicalQuantity(text: string): string {
  if (text === "0" || (plain.test(text) && !divisible.test(text))) return text;
  return parseQuantity(text).toString();
}
