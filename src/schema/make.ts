/** Objects from literals, for loops and tests. */
import { decodeKind, type KindSchema } from "#schema/decode.ts";
import { fillDefaults } from "#schema/defaults.ts";
import type { Draft } from "#schema/notation.ts";

export interface MakeKind<T> extends KindSchema<T> {
  readonly rules?: { defaults?(object: T): void };
}

/**
 * The object that the API server would make of a draft: decoded, with its field defaults and the kind's own. Fields that the kind
 * does not know are a mistake of the caller's and throw.
 */
export function make<T>(kind: MakeKind<T>, draft: Draft<T>): T {
  const { value, strict } = decodeKind(kind, { value: draft });
  if (strict.length > 0) throw new Error(`${kind.kind}: ${strict.join(", ")}`);
  fillDefaults(kind.schema, value);
  kind.rules?.defaults?.(value);
  return value;
}
