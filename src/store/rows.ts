import type { Key } from "./contract.ts";
import type { Changes } from "./ports.ts";
import { Writer } from "./record.ts";

/** Bytes to begin with. */
const BYTES = 256 * 1024;

/** Rows on their way to the index: they are put together by and by, and then told to it at once. */
export class Rows {
  /** What a row holds is written here before it is put. */
  readonly writer = new Writer(BYTES);
  private readonly tables: string[] = [];
  private readonly keys: Key[] = [];
  /** Where in `writer` each ends; -1: it is removed. */
  private readonly ends: number[] = [];

  get length(): number {
    return this.keys.length;
  }
  put(table: string, key: Key): void {
    this.add(table, key, this.writer.at);
  }
  remove(table: string, key: Key): void {
    this.add(table, key, -1);
  }
  tell(changes: Changes): void {
    const { tables, keys, ends, writer } = this;
    let from = 0;
    for (let i = 0; i < keys.length; i++) {
      const end = ends[i]!;
      if (end < 0) changes.remove(tables[i]!, keys[i]!);
      else {
        changes.put(tables[i]!, keys[i]!, writer.bytes, from, end);
        from = end;
      }
    }
  }

  private add(table: string, key: Key, end: number): void {
    this.tables.push(table);
    this.keys.push(key);
    this.ends.push(end);
  }
}
