import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { message, repeated } from "#base/message.ts";
import { decode } from "./protobuf.ts";
import { encode, encodeParts } from "./protobufwriter.ts";

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
  id: [18, "id64"],
  ids: [19, repeated("id64")],
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
      id: 2n ** 63n - 1n,
      ids: [0n, 127n, 2n ** 49n - 1n, 2n ** 49n, 2n ** 53n + 1n, 2n ** 56n, -1n, -(2n ** 63n), 2n ** 62n + 1n],
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
  it("writes numbers of every length, each in as many bytes as were counted", () => {
    const numbers = [
      0x7f,
      0x80,
      0x3fff,
      0x4000,
      0x1f_ffff,
      0x20_0000,
      0xfff_ffff,
      0x1000_0000,
      2 ** 35 - 1,
      2 ** 35,
      2 ** 42,
      2 ** 49,
      2 ** 52,
    ];
    for (const number of [...numbers, 2 ** 53, 2 ** 60, 2 ** 63, -1, -(2 ** 40)]) {
      const bytes = encode(All, { unsigned: Math.max(0, number), large: number < 2 ** 63 ? number : 0, text: "end" });
      const back = decode(All, bytes);
      assert.deepEqual([back.unsigned, back.large, back.text], [Math.max(0, number), number < 2 ** 63 ? number : 0, "end"]);
    }
  });
  it("leaves long values where they lie", () => {
    const Pair = message({ name: [1, "string"], bytes: [2, "bytes"], count: [3, "int64"] });
    const Pairs = message({ pairs: [1, repeated(Pair)], more: [2, "bool"], last: [3, "bytes"] });
    const [long, short] = [new Uint8Array(100).fill(7), new Uint8Array(99).fill(8)];
    for (const value of [
      { pairs: [{ name: "ä", bytes: long, count: 300 }, { bytes: short }, { name: "z", bytes: long }], more: true },
      { pairs: [{ bytes: short }], last: long },
      { pairs: [] },
    ]) {
      const parts = encodeParts(5, Pairs, value, 100);
      const whole = Buffer.concat(parts);
      assert.deepEqual(whole.subarray(5), encode(Pairs, value));
      assert.equal(
        parts.filter(part => part === long).length,
        value.pairs.filter(pair => pair.bytes === long).length + (value.last ? 1 : 0),
      );
    }
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
