import { list, listOf, map, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.authentication.v1");

export const UserInfo = object("UserInfo", "", {
  username: string(1, ""),
  uid: string(2, ""),
  groups: list(3, string, "").atomic(),
  extra: map(4, listOf(string), ""),
});
export interface UserInfo extends ObjectOf<typeof UserInfo> {}
