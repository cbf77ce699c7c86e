import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { message, repeated } from "#base/message.ts";
import { decode, encode } from "./protobuf.ts";

const Inner = message({ name: [1, "string"], number: [2, "int32"] });
const All = message({
  text: [1, "string"],
  bytes: [2, "bytes"],
  yes: [3, "bool"],
  small: [4, "int32"],
  large: [5, "int64"],
  unsigned: [6, "uint64"],
  ratio: [7, "double"],
  labels: [8, "map"],
  one: [9, Inner],
  many: [10, repeated(Inner)],
  words: [16, repeated("string")],
  numbers: [17, repeated("int64")],
});

describe("protobuf", () => {
  it("keeps what it encodes", () => {
    const value = {
      text: "gr\u00fc\u00df dich",
      bytes: Buffer.from([0, 255]),
      yes: true,
      small: -5,
      large: -1,
      unsigned: 2 ** 53,
      ratio: 0.25,
      labels: { a: "1", b: "" },
      one: { name: "x", number: 300 },
      many: [
        { name: "", number: 0 },
        { name: "y", number: -2147483648 },
      ],
      words: ["", "w"],
      numbers: [0, -7, 1e15],
    };
    const back = decode(All, encode(All, value));
    assert.deepEqual({ ...back, bytes: Buffer.from(back.bytes) }, value);
  });
  it("agrees with the wire format's own examples", () => {
    // https://protobuf.dev/programming-guides/encoding/
    assert.equal(encode(message({ a: [1, "int32"] }), { a: 150 }).toString("hex"), "089601");
    assert.equal(encode(message({ b: [2, "string"] }), { b: "testing" }).toString("hex"), "120774657374696e67");
    const packed = decode(message({ f: [6, repeated("int32")] }), Buffer.from("3206038e029ea705", "hex"));
    assert.deepEqual(packed.f, [3, 270, 86942]);
    assert.equal(encode(message({ a: [1, "int32"] }), { a: -2 }).toString("hex"), "08feffffffffffffffff01");
  });
  it("gives defaults for what is absent and skips what it does not know", () => {
    const back = decode(message({ a: [1, "string"], m: [2, "map"], i: [3, Inner] }), encode(All, { small: 3, ratio: 1, words: ["x"] }));
    assert.deepEqual(back, { a: "", m: {}, i: undefined });
  });
  it("refuses bytes that are cut short", () => {
    const bytes = encode(All, { text: "something", one: { name: "inner", number: 1 } });
    for (const at of [1, 5, bytes.length - 1]) assert.throws(() => decode(All, bytes.subarray(0, at)), /protobuf/);
  });
});
