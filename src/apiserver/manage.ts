/** Where writes meet managedFields. */
import type { AnyObject, Write } from "#apiserver/registry.ts";
import type { Kind } from "#kinds/kind.ts";

export function manageCreate(_kind: Kind, _object: AnyObject, _write: Write, _now: number): void {}
export function settleManaged(_kind: Kind, _object: AnyObject, _old: AnyObject, _write: Write, _now: number): void {}
