import { int64, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const ShardInfo = object("ShardInfo", "Which part of a list an answer is.", {
  selector: string(1, "The selector of the part.").required().always(),
});
export interface ShardInfo extends ObjectOf<typeof ShardInfo> {}

export const ListMeta = object("ListMeta", "What every list carries.", {
  selfLink: string(1, "No longer used."),
  resourceVersion: string(2, "The state of the store that the list shows; a watch can go on from there."),
  continue: string(3, "A token with which to ask for the rest of the list."),
  remainingItemCount: int64(4, "How many items are still to come, where that is known."),
  shardInfo: ShardInfo(5, "Which part of the list this is."),
});
export interface ListMeta extends ObjectOf<typeof ListMeta> {}
