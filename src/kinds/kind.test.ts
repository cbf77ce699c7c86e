import test from "node:test";
import { Pod } from "#kinds/core/v1/pod.ts";
import type { Kind } from "#kinds/kind.ts";

test("a particular kind may stand where any kind may", () => {
  const any: Kind = Pod;
  const pod: Pod | undefined = undefined as Pod | undefined;
  void any;
  void pod?.spec.containers[0]?.name;
});
