import { objectKey } from "#apiserver/keys.ts";
import { encodeRecord, sameRecord } from "#apiserver/record.ts";
import { type AnyObject, attempts, put, type RegistryOptions, Stored, storedOf, type Write } from "#apiserver/registry.ts";
import { conflict, MODIFIED, notFound } from "#base/status.ts";
import { resourceOf } from "#kinds/kind.ts";

/**
 * A change of the server's own: no admission and no rules of the kind, only `change`, which may throw, and sets fields of metadata, spec and
 * status. Repeated on a conflict.
 */
export async function amend(options: RegistryOptions, write: Write, change: (object: AnyObject) => void): Promise<Stored> {
  const { kind } = write;
  const key = objectKey(kind, write.namespace, write.name);
  return attempts(
    async () => {
      const entry = await options.store.get(key);
      if (!entry) throw notFound(resourceOf(kind), write.name);
      const standing = storedOf(options, kind, entry);
      const object = standing.own();
      change(object);
      const record = encodeRecord(kind, object);
      if (sameRecord(record, entry.value)) return standing;
      if (write.dryRun) return new Stored(kind, record, entry.modRevision);
      return put(options, write, key, object, entry, { compare: [], ops: [] });
    },
    () => conflict(resourceOf(kind), write.name, MODIFIED),
  );
}
