import assert from "node:assert/strict";
import test from "node:test";
import { embed, int32, list, map, type ObjectOf, objectsIn, quantity, string } from "#schema/notation.ts";

const object = objectsIn("test.v1");
const Source = object("Source", "Where it comes from.", { path: string(1, "a path") });
const Port = object("Port", "A port.", {
  name: string(1, "its name"),
  protocol: string(2, "the transport").default("TCP").oneOf("TCP", "UDP"),
  port: int32(3, "its number").required(),
});
interface Port extends ObjectOf<typeof Port> {}
const Spec = object(
  "Spec",
  "A spec.",
  { ports: list(1, Port, "the ports").key("port").patch("merge", "port"), limits: map(2, quantity, "limits by resource") },
  embed(3, Source),
);

test("presence shows in the static type", () => {
  const port: Port = { protocol: "TCP", port: 80 };
  const spec: ObjectOf<typeof Spec> = { ports: [port], path: "/x", limits: { cpu: "1" } };
  assert.equal(spec.ports?.[0]?.port, 80);
  // @ts-expect-error: port is required
  const wrong: Port = { protocol: "TCP" };
  assert.ok(wrong);
});

test("fields keep their order, inlined ones come last", () => {
  assert.deepEqual(Object.keys(Spec.node.fields), ["ports", "limits", "path"]);
  assert.deepEqual(Spec.node.fields.ports?.keys, ["port"]);
  assert.equal(Spec.node.fields.ports?.patchMergeKey, "port");
});
