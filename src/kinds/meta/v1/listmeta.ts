import { int64, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const ShardInfo = object("ShardInfo", "", {
  selector: string(1, "").required().always(),
});
export interface ShardInfo extends ObjectOf<typeof ShardInfo> {}

export const ListMeta = object("ListMeta", "", {
  selfLink: string(1, ""),
  resourceVersion: string(2, ""),
  continue: string(3, ""),
  remainingItemCount: int64(4, ""),
  shardInfo: ShardInfo(5, ""),
});
export interface ListMeta extends ObjectOf<typeof ListMeta> {}
