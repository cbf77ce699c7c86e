/** Regular expressions from users, in RE2's syntax and in linear time. The engine is loaded when the first one is met. */

export interface Pattern {
  readonly source: string;
  /** Whether the pattern is found anywhere in the text. */
  test(text: string): boolean;
}
/** A pattern that cannot be compiled; the message says why, as RE2 does. */
export class PatternError extends Error {}

/** Patterns compiled lately; the oldest goes first. */
const cache = new Map<string, Pattern>();
const KEPT = 500;

/** Compiles a pattern; throws PatternError. */
export async function compilePattern(source: string): Promise<Pattern> {
  const known = cache.get(source);
  if (known) return known;
  const { RE2JS } = await import("re2js");
  try {
    const compiled = RE2JS.compile(source);
    const pattern: Pattern = { source, test: text => compiled.test(text) };
    if (cache.size >= KEPT) cache.delete(cache.keys().next().value!);
    cache.set(source, pattern);
    return pattern;
  } catch (e) {
    throw new PatternError(e instanceof Error ? e.message : String(e));
  }
}
