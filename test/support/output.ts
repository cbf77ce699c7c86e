/** Comparing what a program prints with what upstream prints, where some of it is different each time. */
import assert from "node:assert/strict";

/** Words of a template, and what they stand for. */
const WORDS: Readonly<Record<string, string>> = {
  AGE: "(?:\\d+[smhd])+|<unknown>|<invalid>",
  AGO: "(?:\\d+[smhd])+ ago",
  IP: "\\d+\\.\\d+\\.\\d+\\.\\d+",
  N: "\\d+",
  HASH: "[bcdf0-9a-z]{6,10}",
  RAND: "[bcdfghjklmnpqrstvwxz2456789]{5}",
  DATE: "[A-Z][a-z]{2}, \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d [+-]\\d{4}",
  UID: "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
  TIME: "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ",
  ANY: ".*",
};

/** Trailing blanks gone, every run of blanks inside a line one blank (columns are as wide as what stands in them), indentation kept. */
export function squeeze(text: string): string {
  return text
    .split("\n")
    .map(line => line.replace(/\s+$/, "").replace(/(\S)[ \t]+/g, "$1 "))
    .join("\n")
    .trim();
}

/** Asserts that `text` reads as `template`, in which `{AGE}`, `{IP}` … stand for what they name and `{ANY}` for the rest of a line. */
export function reads(text: string, template: string): void {
  const pattern = squeeze(template).replaceAll(/\{([A-Z]+)\}|[.*+?^${}()|[\]\\]/g, (whole, word?: string) => {
    if (word === undefined) return `\\${whole}`;
    const meaning = WORDS[word];
    assert.ok(meaning, `no such word: ${word}`);
    return `(?:${meaning})`;
  });
  const got = squeeze(text);
  if (!new RegExp(`^${pattern}$`).test(got)) assert.equal(got, squeeze(template));
}
