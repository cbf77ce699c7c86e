/** Where writes meet managedFields. */

import { type FieldSet, manage, setOf } from "#apiserver/patch/index.ts";
import type { AnyObject, Write } from "#apiserver/registry.ts";
import { equalBut } from "#base/equal.ts";
import type { Kind } from "#kinds/kind.ts";

const known = new WeakMap<Kind, { main: FieldSet | undefined; status: FieldSet }>();

/** Fields that a door of a kind never writes, and so are nobody's through it. */
export function resetFields(kind: Kind, subresource: string): FieldSet | undefined {
  let sets = known.get(kind);
  if (!sets) {
    const others = Object.keys(kind.schema.fields).filter(f => !["apiVersion", "kind", "metadata", "status"].includes(f));
    sets = { main: kind.subresources.status ? setOf(["status"]) : undefined, status: setOf(...others.map(f => [f])) };
    known.set(kind, sets);
  }
  return subresource === "status" ? sets.status : sets.main;
}

/** Sets the managedFields of an object that is about to be written; an apply has brought its own. */
export function manageWrite(kind: Kind, object: AnyObject, old: AnyObject | undefined, write: Write, now: number): void {
  if (write.applies) return;
  const { manager, subresource } = write;
  const reset = resetFields(kind, subresource);
  const entries = manage(kind, old as never, object as never, { manager, subresource, now, reset });
  if (entries) object.metadata.managedFields = entries as never;
  else if (object.metadata.managedFields) delete object.metadata.managedFields;
}

/** Whether a write changes anything: times of managedFields alone, and the resourceVersion, do not count. */
export function unchanged(object: AnyObject, old: AnyObject): boolean {
  if (!equalBut(METADATA, object, old) || !equalBut(BOOKKEEPING, object.metadata, old.metadata)) return false;
  const is = object.metadata.managedFields;
  const was = old.metadata.managedFields;
  if (is === was) return true;
  return (is?.length ?? 0) === (was?.length ?? 0) && (is ?? []).every((entry, i) => equalBut(TIME, entry, was![i]!));
}
const METADATA = new Set(["metadata"]);
const BOOKKEEPING = new Set(["managedFields", "resourceVersion"]);
const TIME = new Set(["time"]);
