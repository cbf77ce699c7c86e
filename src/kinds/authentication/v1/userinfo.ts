import { list, listOf, map, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.authentication.v1");

export const UserInfo = object("UserInfo", "What is known of a user.", {
  username: string(1, "The name by which the user is known among all active users."),
  uid: string(2, "A value that tells users of one name apart over time."),
  groups: list(3, string, "The groups that the user is in.").atomic(),
  extra: map(4, listOf(string), "More attributes, as the authenticator gave them."),
});
export interface UserInfo extends ObjectOf<typeof UserInfo> {}
