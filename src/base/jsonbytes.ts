/**
 * JSON written straight to bytes. What has been written before and is frozen since is copied; the rest the engine writes, but for short
 * texts, which are quicker to copy than to hand over.
 */
import { utf8, writeUtf8 } from "#base/bytes.ts";
import { stringifyJson } from "#base/json.ts";
import { limits } from "#base/limits.ts";
import { thawedArrays } from "#base/plain.ts";

/** The JSON of frozen values that are written again and again; it goes with them. */
const known = new WeakMap<object, Uint8Array>();
/** Code units of texts that are copied here. */
const SHORT = 100;
const [QUOTE, BACKSLASH, COMMA, COLON] = [34, 92, 44, 58];
const [OPEN, CLOSE, OPEN_ARRAY, CLOSE_ARRAY] = [123, 125, 91, 93];
const NULL = utf8("null");

/** Writes one document after another into the same room; each gets bytes of its own at its end. */
export class JsonBytes {
  /** Where the next byte goes. */
  at = 0;
  #bytes = new Uint8Array(limits.jsonRoom);
  #keeps = false;

  /** Begins a document that has `head` before it. `keeps`: what is frozen in it will be written again. */
  begin(head: Uint8Array, keeps: boolean): void {
    if (this.#bytes.length > limits.jsonRoom) this.#bytes = new Uint8Array(limits.jsonRoom);
    this.at = 0;
    this.#keeps = keeps;
    this.#copy(head);
  }
  /** A field of the object that stands open, of plain values; undefined is left out. Down to `depth` levels below it is looked for what is known. */
  field(name: string, value: unknown, depth: number): void {
    if (value === undefined) return;
    this.#room(1);
    if (this.#bytes[this.at - 1] !== OPEN) this.#bytes[this.at++] = COMMA;
    this.#text(name);
    this.#bytes[this.at++] = COLON;
    this.#value(value, depth);
  }
  /** Ends the object that stands open. */
  close(): void {
    this.#room(1);
    this.#bytes[this.at++] = CLOSE;
  }
  /** All that was written since `begin`, and its head. */
  end(): Uint8Array {
    return this.#bytes.slice(0, this.at);
  }

  #value(value: unknown, depth: number): void {
    if (typeof value === "string") this.#text(value);
    else if (typeof value !== "object") this.#engine(stringifyJson(value));
    else if (value === null || value === undefined) this.#copy(NULL);
    else if (Object.isFrozen(value)) this.#frozen(value);
    else if (depth === 0) this.#engine(stringifyJson(thawedArrays(value)));
    else if (Array.isArray(value)) this.#array(value, depth);
    else {
      this.#room(1);
      this.#bytes[this.at++] = OPEN;
      for (const key in value) this.field(key, (value as Record<string, unknown>)[key], depth - 1);
      this.close();
    }
  }
  #array(items: readonly unknown[], depth: number): void {
    this.#room(1);
    this.#bytes[this.at++] = OPEN_ARRAY;
    for (let i = 0; i < items.length; i++) {
      this.#room(1);
      if (i > 0) this.#bytes[this.at++] = COMMA;
      this.#value(items[i] ?? null, depth - 1);
    }
    this.#room(1);
    this.#bytes[this.at++] = CLOSE_ARRAY;
  }
  #frozen(value: object): void {
    const bytes = known.get(value);
    if (bytes) return this.#copy(bytes);
    const from = this.at;
    this.#engine(stringifyJson(thawedArrays(value)));
    if (this.#keeps) known.set(value, this.#bytes.slice(from, this.at));
  }
  #text(text: string): void {
    const { length } = text;
    if (length > SHORT) return this.#engine(JSON.stringify(text));
    // and a colon
    this.#room(length + 3);
    const bytes = this.#bytes;
    let { at } = this;
    bytes[at++] = QUOTE;
    for (let i = 0; i < length; i++) {
      const c = text.charCodeAt(i);
      if (c < 32 || c > 126 || c === QUOTE || c === BACKSLASH) return this.#engine(JSON.stringify(text));
      bytes[at++] = c;
    }
    bytes[at++] = QUOTE;
    this.at = at;
  }
  #engine(json: string): void {
    this.#room(json.length * 3 + 1);
    this.at += writeUtf8(this.#bytes, this.at, json);
  }
  #copy(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.at);
    this.at += bytes.length;
  }
  /** Makes sure that so many bytes more can be written. */
  #room(more: number): void {
    const { length } = this.#bytes;
    if (this.at + more <= length) return;
    const bytes = new Uint8Array(Math.max(length * 2, this.at + more));
    bytes.set(this.#bytes.subarray(0, this.at));
    this.#bytes = bytes;
  }
}
