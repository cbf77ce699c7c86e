/** JSON patch (RFC 6902). The target is never changed; a patch that fails has no effect. */

import { equal } from "#base/equal.ts";
import { setKey } from "#base/json.ts";
import { copyPlain } from "#base/plain.ts";

/** A patch that is malformed, or an operation that cannot be carried out. */
export class JsonPatchError extends Error {}

type Container = Record<string, unknown> | unknown[];

/** Splits a JSON pointer (RFC 6901). */
function pointer(text: unknown): string[] {
  if (typeof text !== "string") throw new JsonPatchError("a path is missing");
  if (text === "") return [];
  if (text[0] !== "/") throw new JsonPatchError(`the path ${JSON.stringify(text)} does not begin with "/"`);
  if (/~(?![01])/.test(text)) throw new JsonPatchError(`the path ${JSON.stringify(text)} has a wrong escape`);
  return text
    .slice(1)
    .split("/")
    .map(part => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
function index(part: string, length: number): number {
  const i = /^(?:0|[1-9]\d*)$/.test(part) ? Number(part) : -1;
  if (i < 0 || i >= length) throw new JsonPatchError(`no item ${JSON.stringify(part)} in a list of ${length}`);
  return i;
}
function child(value: unknown, part: string): unknown {
  if (Array.isArray(value)) return value[index(part, value.length)];
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, part))
    throw new JsonPatchError(`there is no ${JSON.stringify(part)}`);
  return (value as Record<string, unknown>)[part];
}

/** The document while it is patched: containers are copied once, before their first change. */
class Document {
  private root: unknown;
  private readonly own = new WeakSet<object>();
  constructor(root: unknown) {
    this.root = root;
  }
  get value(): unknown {
    return this.root;
  }
  get(path: readonly string[]): unknown {
    return path.reduce(child, this.root);
  }
  private copy(value: unknown): Container {
    if (typeof value !== "object" || value === null) throw new JsonPatchError("a value on the way is neither a list nor an object");
    if (this.own.has(value)) return value as Container;
    const copied: Container = Array.isArray(value) ? [...value] : { ...value };
    this.own.add(copied);
    return copied;
  }
  /** The container that holds the path's last part, ready to be changed. */
  private parent(path: readonly string[]): Container {
    let at = this.copy(this.root);
    this.root = at;
    for (const part of path.slice(0, -1)) {
      const next = this.copy(child(at, part));
      if (Array.isArray(at)) at[Number(part)] = next;
      else setKey(at, part, next);
      at = next;
    }
    return at;
  }
  add(path: readonly string[], value: unknown): void {
    if (path.length === 0) {
      this.root = value;
      return;
    }
    const at = this.parent(path);
    const last = path.at(-1)!;
    if (!Array.isArray(at)) setKey(at, last, value);
    else at.splice(last === "-" ? at.length : index(last, at.length + 1), 0, value);
  }
  replace(path: readonly string[], value: unknown): void {
    if (path.length === 0) {
      this.root = value;
      return;
    }
    this.get(path);
    const at = this.parent(path);
    const last = path.at(-1)!;
    if (Array.isArray(at)) at[Number(last)] = value;
    else setKey(at, last, value);
  }
  remove(path: readonly string[]): void {
    if (path.length === 0) {
      this.root = null;
      return;
    }
    this.get(path);
    const at = this.parent(path);
    const last = path.at(-1)!;
    if (Array.isArray(at)) at.splice(Number(last), 1);
    else delete at[last];
  }
}

/** The outcome of a patch's operations, in order. Throws JsonPatchError. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw new JsonPatchError("a JSON patch is a list of operations");
  const document = new Document(target);
  for (const operation of patch as unknown[]) {
    if (typeof operation !== "object" || operation === null || Array.isArray(operation))
      throw new JsonPatchError("an operation is an object");
    const { op, path: to, from, value } = operation as Record<string, unknown>;
    const path = pointer(to);
    const needsValue = () => {
      if (!Object.hasOwn(operation, "value")) throw new JsonPatchError(`${String(op)} needs a value`);
      return value;
    };
    switch (op) {
      case "add":
        document.add(path, needsValue());
        break;
      case "remove":
        document.remove(path);
        break;
      case "replace":
        document.replace(path, needsValue());
        break;
      case "move": {
        const source = pointer(from);
        if (source.length < path.length && source.every((part, i) => part === path[i]))
          throw new JsonPatchError("a value cannot be moved into itself");
        const moved = document.get(source);
        document.remove(source);
        document.add(path, moved);
        break;
      }
      case "copy":
        document.add(path, copyPlain(document.get(pointer(from))));
        break;
      case "test":
        if (!equal(document.get(path), needsValue())) throw new JsonPatchError(`testing path ${String(to)} failed`);
        break;
      default:
        throw new JsonPatchError(`unknown operation ${JSON.stringify(op)}`);
    }
  }
  return document.value;
}
