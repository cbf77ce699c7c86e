/** Tar archives (POSIX ustar with the pax and GNU extensions that image tools write): an index of one on disk, and small ones in memory. */
import type { FileHandle } from "node:fs/promises";

const BLOCK = 512;

export interface TarFile {
  readonly name: string;
  readonly mode: number;
  readonly bytes?: Uint8Array;
  readonly type?: "file" | "directory" | "symlink";
  readonly link?: string;
}
/** An archive of these files, owned by root, dated 1970: the same files give the same bytes. Names are at most 100 bytes. */
export function tarArchive(files: readonly TarFile[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const file of files) {
    const bytes = file.bytes ?? new Uint8Array(0);
    const head = Buffer.alloc(BLOCK);
    const name = file.type === "directory" && !file.name.endsWith("/") ? `${file.name}/` : file.name;
    if (Buffer.byteLength(name) > 100) throw new Error(`tar: the name is too long: ${name}`);
    head.write(name, 0);
    head.write(`${file.mode.toString(8).padStart(7, "0")}\0`, 100);
    head.write("0000000\0", 108);
    head.write("0000000\0", 116);
    head.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    head.write("00000000000\0", 136);
    head.write("        ", 148);
    head.write(file.type === "directory" ? "5" : file.type === "symlink" ? "2" : "0", 156);
    head.write(file.link ?? "", 157);
    head.write("ustar\x0000", 257);
    const sum = head.reduce((a, b) => a + b, 0);
    head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    parts.push(head, bytes, new Uint8Array((BLOCK - (bytes.length % BLOCK)) % BLOCK));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return Buffer.concat(parts);
}

export interface TarEntry {
  readonly offset: number;
  readonly size: number;
}
/** Where each regular file's bytes lie, by its name without a leading `./`. Hard and symbolic links to files in the archive are followed. */
export async function tarIndex(file: FileHandle): Promise<Map<string, TarEntry>> {
  const out = new Map<string, TarEntry>();
  const links: [string, string][] = [];
  const { size: end } = await file.stat();
  const head = Buffer.alloc(BLOCK);
  let at = 0;
  let longName: string | undefined;
  let pax: Record<string, string> = {};
  while (at + BLOCK <= end) {
    await file.read(head, 0, BLOCK, at);
    if (head.every(b => b === 0)) break;
    if (number(head.subarray(148, 156)) !== checksum(head)) throw new Error("not a tar archive, or a damaged one");
    const type = String.fromCharCode(head[156]!);
    const size = pax.size !== undefined ? Number(pax.size) : number(head.subarray(124, 136));
    const offset = at + BLOCK;
    if (offset + size > end) throw new Error("the archive is cut short");
    at = offset + Math.ceil(size / BLOCK) * BLOCK;
    if (type === "L" || type === "x" || type === "g" || type === "K") {
      if (size > 1024 * 1024) throw new Error("the archive has an oversized header");
      const body = Buffer.alloc(size);
      await file.read(body, 0, size, offset);
      if (type === "L") longName = field(body);
      if (type === "x") pax = paxRecords(body);
      continue;
    }
    const prefix = field(head.subarray(345, 500));
    const short = field(head.subarray(0, 100));
    const isUstar = head.toString("latin1", 257, 262) === "ustar" && head.toString("latin1", 262, 263) === "\0";
    const name = clean(pax.path ?? longName ?? (isUstar && prefix !== "" ? `${prefix}/${short}` : short));
    const target = pax.linkpath ?? field(head.subarray(157, 257));
    longName = undefined;
    pax = {};
    if (type === "0" || type === "\0" || type === "7") out.set(name, { offset, size });
    else if (type === "1") links.push([name, clean(target)]);
    else if (type === "2") links.push([name, resolve(name, target)]);
  }
  for (const [name, target] of links) {
    const entry = out.get(target);
    if (entry !== undefined) out.set(name, entry);
  }
  return out;
}

/** Octal text, or GNU's binary form for large numbers. */
function number(bytes: Buffer): number {
  if ((bytes[0]! & 0x80) !== 0) return Number(bytes.readBigUInt64BE(bytes.length - 8));
  return Number.parseInt(field(bytes).trim() || "0", 8);
}
function field(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end === -1 ? bytes.length : end);
}
function checksum(head: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += head[i]!;
  return sum;
}
function paxRecords(body: Buffer): Record<string, string> {
  const out: Record<string, string> = {};
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString("latin1", at, space));
    if (space === -1 || !(length > 0)) break;
    const record = body.toString("utf8", space + 1, at + length - 1);
    const equals = record.indexOf("=");
    out[record.slice(0, equals)] = record.slice(equals + 1);
    at += length;
  }
  return out;
}
const clean = (name: string) => name.replace(/^(\.?\/)+/, "");
function resolve(name: string, target: string): string {
  if (target.startsWith("/")) return clean(target);
  const parts = name.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}
