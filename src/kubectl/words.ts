/** Words of a command line, and the flags among them. */

/** A command line that cannot be: one sentence, as kubectl words it. */
export class UsageError extends Error {}

/** Splits as a shell does, as far as quotes and backslashes go; nothing is expanded. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (quote) {
      if (c === quote) quote = "";
      else if (c === "\\" && quote === '"' && i + 1 < line.length) word += line[++i]!;
      else word += c;
    } else if (c === "'" || c === '"') {
      quote = c;
      word ??= "";
    } else if (c === " " || c === "\t") {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + (c === "\\" && i + 1 < line.length ? line[++i]! : c);
  }
  if (quote) throw new UsageError(`a quote ${quote} is not closed`);
  if (word !== undefined) words.push(word);
  return words;
}

/** A flag's long name, its letter, and whether a value follows. */
export interface Flag {
  readonly name: string;
  readonly letter?: string;
  readonly value?: boolean;
  readonly says: string;
}
export interface Parsed {
  readonly words: readonly string[];
  /** What follows `--`. */
  readonly rest: readonly string[];
  is(name: string): boolean;
  /** The last value given. */
  value(name: string): string | undefined;
  values(name: string): readonly string[];
  /** A whole number of at least 0. Throws UsageError. */
  number(name: string): number | undefined;
}

/** Flags may stand anywhere before `--`; `-nx`, `-n x`, `--name=x` and `--name x` are one. Throws UsageError. */
export function parseWords(words: readonly string[], flags: readonly Flag[]): Parsed {
  const given = new Map<string, string[]>();
  const plain: string[] = [];
  const end = words.indexOf("--");
  const before = end < 0 ? words : words.slice(0, end);
  const add = (flag: Flag, value: string) => given.set(flag.name, [...(given.get(flag.name) ?? []), value]);
  for (let i = 0; i < before.length; i++) {
    const word = before[i]!;
    const next = (flag: Flag, shown: string) => {
      const value = before[++i];
      if (value === undefined) throw new UsageError(`flag needs an argument: ${shown}`);
      add(flag, value);
    };
    if (word.startsWith("--")) {
      const at = word.indexOf("=");
      const name = at < 0 ? word.slice(2) : word.slice(2, at);
      const flag = flags.find(f => f.name === name);
      if (!flag) throw new UsageError(`unknown flag: --${name}`);
      if (at >= 0) add(flag, word.slice(at + 1));
      else if (flag.value) next(flag, word);
      else add(flag, "true");
    } else if (word.startsWith("-") && word.length > 1) {
      for (let at = 1; at < word.length; at++) {
        const letter = word[at]!;
        const flag = flags.find(f => f.letter === letter);
        if (!flag) throw new UsageError(`unknown shorthand flag: '${letter}' in ${word}`);
        if (!flag.value) {
          add(flag, "true");
          continue;
        }
        const inside = word.slice(at + 1).replace(/^=/, "");
        if (inside) add(flag, inside);
        else next(flag, `'${letter}' in ${word}`);
        break;
      }
    } else plain.push(word);
  }
  const value = (name: string) => given.get(name)?.at(-1);
  return {
    words: plain,
    rest: end < 0 ? [] : words.slice(end + 1),
    is: name => (value(name) ?? "false") !== "false",
    value,
    values: name => given.get(name) ?? [],
    number(name) {
      const text = value(name);
      if (text === undefined) return undefined;
      if (!/^\d+$/.test(text)) throw new UsageError(`invalid argument "${text}" for "--${name}" flag: a whole number is wanted`);
      return Number(text);
    },
  };
}
