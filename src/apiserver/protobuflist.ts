/**
 * A list in protobuf, whose envelope says its length before anything else. So all items are encoded before the first byte is sent; of a
 * long list not all are held until then: those beyond a limit are encoded once more when their turn comes.
 */
import { Gathering, type Shape } from "#apiserver/pieces.ts";
import type { Stored } from "#apiserver/registry.ts";
import { assert } from "#base/assert.ts";
import { limits } from "#base/limits.ts";
import type { Kind } from "#kinds/kind.ts";
import { ListMeta } from "#kinds/meta/v1/listmeta.ts";
import { PartialObjectMetadata } from "#kinds/meta/v1/partial.ts";
import { protobufField, protobufListFrame } from "#schema/protobuf.ts";

interface Steps<L> {
  /** All items from the first. */
  readonly first: AsyncGenerator<readonly Stored[], L>;
  /** Those from `item` on, of the same revision; `before`: how many came before it. */
  from(item: Stored, before: number, listed: L): AsyncGenerator<readonly Stored[], unknown>;
}

/** The pieces of the answer. `metaOf` is the list's metadata, once all of it has been read. */
export async function* protobufList<L>(
  kind: Kind,
  shape: Shape,
  steps: Steps<L>,
  metaOf: (listed: L) => object,
): AsyncGenerator<Uint8Array> {
  const node = shape.head.kind === "PartialObjectMetadataList" ? PartialObjectMetadata.node : kind.schema;
  const encoded = (s: Stored) => protobufField(2, node, shape.item(s.object));
  const held: Uint8Array[] = [];
  let [size, heldSize] = [0, 0];
  let rest: Stored | undefined;
  let step = await steps.first.next();
  for (; !step.done; step = await steps.first.next())
    for (const s of step.value) {
      const item = encoded(s);
      size += item.length;
      if (heldSize + item.length > limits.listHeld) rest ??= s;
      if (rest) continue;
      held.push(item);
      heldSize += item.length;
    }
  const metadata = protobufField(1, ListMeta.node, metaOf(step.value));
  const { head, tail } = protobufListFrame(shape.head.apiVersion, shape.head.kind, metadata.length + size);
  const out = new Gathering();
  out.add(head, metadata);
  const before = held.length;
  for (const item of held.splice(0)) {
    out.add(item);
    if (out.full) yield out.take();
  }
  if (rest) {
    let left = size - heldSize;
    for await (const page of steps.from(rest, before, step.value))
      for (const s of page) {
        const item = encoded(s);
        left -= item.length;
        out.add(item);
        if (out.full) yield out.take();
      }
    assert(left === 0, "a revision is read twice alike");
  }
  out.add(tail);
  yield out.take();
}
