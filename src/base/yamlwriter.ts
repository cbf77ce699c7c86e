/** YAML as kubectl prints it: sorted keys, two spaces, lists level with their key, literal blocks, lines folded at 80 columns. */

const WIDTH = 80;
// What a YAML 1.1 reader would take for something else than a string.
const NOT_A_STRING =
  /^(?:|~|null|Null|NULL|y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF|<<|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|[-+]?0[xX][0-9a-fA-F_]+|[-+]?0[bB][01_]+|[-+]?0[oO][0-7_]+|[-+]?[\d][\d_]*|[-+]?(?:\.[\d_]+|\d[\d_]*(?:\.[\d_]*)?)(?:[eE][-+]?\d+)?|[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?|\d{4}-\d{1,2}-\d{1,2}(?:[Tt ]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?(?:Z|[-+]\d{2}:\d{2})?)?)$/;
// What upstream's writer shows by escapes only: control characters, tabs, all beyond the basic plane.
const UNPRINTABLE = /[^\n -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;

/** One document, with a line feed at its end. */
export function toYaml(value: unknown): string {
  const out: string[] = [];
  write(out, value, 0, "", false);
  return out.join("");
}

function write(out: string[], value: unknown, indent: number, lead: string, inMap: boolean): void {
  // `lead` is what stands on the line so far; a value that begins a block of its own ends that line first.
  if (Array.isArray(value)) {
    if (value.length === 0) {
      out.push(`${lead}${inMap ? " " : ""}[]\n`);
      return;
    }
    let first = lead;
    if (inMap) {
      out.push(`${lead}\n`);
      first = " ".repeat(indent);
    }
    for (const item of value) {
      writeItem(out, item, indent, `${first}-`);
      first = " ".repeat(indent);
    }
    return;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    if (entries.length === 0) {
      out.push(`${lead}${inMap ? " " : ""}{}\n`);
      return;
    }
    let first = lead;
    let at = indent;
    if (inMap) {
      out.push(`${lead}\n`);
      at = indent + 2;
      first = " ".repeat(at);
    }
    for (const [key, item] of entries.sort(([a], [b]) => naturally(a, b))) {
      write(out, item, at, `${first}${scalar(key, 0, 0, true)}:`, true);
      first = " ".repeat(at);
    }
    return;
  }
  const gap = lead === "" || !inMap ? "" : " ";
  out.push(`${lead}${gap}${scalar(value, indent + (inMap ? 2 : 0), lead.length + gap.length, false)}\n`);
}
function writeItem(out: string[], item: unknown, indent: number, lead: string): void {
  if (typeof item === "object" && item !== null) write(out, item, indent + 2, `${lead} `, false);
  else out.push(`${lead} ${scalar(item, indent + 2, lead.length + 1, false)}\n`);
}

function scalar(value: unknown, indent: number, column: number, key: boolean): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "number") return numberText(value);
  if (typeof value !== "string") return String(value);
  const room = key ? undefined : { indent, column };
  if (UNPRINTABLE.test(value)) return doubleQuoted(value, room);
  if (value.includes("\n")) {
    // A literal block cannot show spaces before a line's end.
    return key || / (?:\n|$)/.test(value) ? doubleQuoted(value, room) : literal(value, indent);
  }
  if (NOT_A_STRING.test(value)) return doubleQuoted(value, room);
  if (plainAllowed(value)) return folded(value, room);
  return folded(`'${value.replaceAll("'", "''")}'`, room);
}
function numberText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value);
  return String(value).replace(/e([-+])(\d)$/, "e$10$2");
}
function plainAllowed(text: string): boolean {
  return !/^[ #,[\]{}&*!|>'"%@`]|^[-?:](?: |$)|^---|^\.\.\.| $|: |:$| #/.test(text);
}
function literal(text: string, indent: number): string {
  const chomp = text.endsWith("\n") ? (text.endsWith("\n\n") || text === "\n" ? "+" : "") : "-";
  const hint = /^[ \n]/.test(text) ? "2" : "";
  const body = (chomp === "-" ? text : text.slice(0, -1)).split("\n").map(line => (line === "" ? "" : " ".repeat(indent) + line));
  return `|${hint}${chomp}\n${body.join("\n")}`;
}
/** Where a scalar may be folded: the indentation of its further lines, and the column where it begins. */
interface Room {
  readonly indent: number;
  readonly column: number;
}
const names: Readonly<Record<string, string>> = {
  "\0": "0",
  "\x07": "a",
  "\b": "b",
  "\t": "t",
  "\n": "n",
  "\v": "v",
  "\f": "f",
  "\r": "r",
  "\x1b": "e",
  '"': '"',
  "\\": "\\",
  "\x85": "N",
  "\u2028": "L",
  "\u2029": "P",
};
function escaped(c: string): string {
  if (Object.hasOwn(names, c)) return `\\${names[c]}`;
  if (!UNPRINTABLE.test(c)) return c;
  const code = c.codePointAt(0)!;
  const [letter, width] = code <= 0xff ? ["x", 2] : code <= 0xffff ? ["u", 4] : ["U", 8];
  return `\\${letter}${code.toString(16).padStart(Number(width), "0").toUpperCase()}`;
}
function doubleQuoted(text: string, room: Room | undefined): string {
  const all = [...text];
  let out = '"';
  let at = (room?.column ?? 0) + 1;
  let afterSpace = false;
  for (let i = 0; i < all.length; i++) {
    const c = all[i]!;
    if (c === " " && room && !afterSpace && at > WIDTH && i > 0 && i < all.length - 1) {
      out += `\n${" ".repeat(room.indent)}`;
      at = room.indent;
      if (all[i + 1] === " ") {
        out += "\\";
        at++;
      }
    } else {
      const shown = escaped(c);
      out += shown;
      at += shown.length;
    }
    afterSpace = c === " ";
  }
  return `${out}"`;
}
/** Breaks a line at single spaces once it is longer than the width. */
function folded(text: string, room: Room | undefined): string {
  if (!room || room.column + text.length <= WIDTH) return text;
  let out = "";
  let at = room.column;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === " " && at > WIDTH && i > 0 && i < text.length - 1 && text[i + 1] !== " " && text[i - 1] !== " ") {
      out += `\n${" ".repeat(room.indent)}`;
      at = room.indent;
    } else {
      out += c;
      at++;
    }
  }
  return out;
}

const letter = /\p{L}/u;
const isDigit = (c: string | undefined) => c !== undefined && c >= "0" && c <= "9";
/** The order of keys: letters last, digits by their number. */
function naturally(a: string, b: string): number {
  const x = [...a];
  const y = [...b];
  for (let i = 0; i < x.length && i < y.length; i++) {
    if (x[i] === y[i]) continue;
    const xl = letter.test(x[i]!);
    const yl = letter.test(y[i]!);
    if (xl !== yl) return yl ? -1 : 1;
    if (!xl) {
      let j = i;
      let k = i;
      while (isDigit(x[j])) j++;
      while (isDigit(y[k])) k++;
      let before = 0;
      if (x[i] === "0" || y[i] === "0") {
        for (let p = i - 1; p >= 0 && isDigit(x[p]); p--) if (x[p] !== "0") before = 1;
      }
      const xn = Number(before + x.slice(i, j).join(""));
      const yn = Number(before + y.slice(i, k).join(""));
      if (xn !== yn) return xn - yn;
      if (j !== k) return j - k;
    }
    return x[i]!.codePointAt(0)! - y[i]!.codePointAt(0)!;
  }
  return x.length - y.length;
}
