import assert from "node:assert/strict";
import test from "node:test";
import { canonicalQuantity, parseQuantity, Quantity, QuantityError } from "#base/quantity.ts";

test("canonical text as upstream writes it", () => {
  const table: Record<string, string> = {
    "0": "0",
    "0.5": "500m",
    "1000m": "1",
    "1024Mi": "1Gi",
    "1024": "1024",
    "1000": "1k",
    "1500Mi": "1500Mi",
    "1536Ki": "1536Ki",
    "512Ki": "512Ki",
    "0.5Gi": "512Mi",
    "0.1Ki": "102400m",
    "1.5": "1500m",
    "12e6": "12e6",
    "1e2": "100",
    "12E": "12E",
    "1E3": "1E3",
    "-1.5Gi": "-1536Mi",
    "+5": "+5",
    "0.0000000001": "1n",
    "-0.0000000001": "-1n",
    "1.500": "1.500",
    "9223372036854775808Ki": "9223372036854775807",
    "100000000000000000000": "100E",
    "0Ki": "0",
    "0.0": "0",
    "3.001Ki": "3073024m",
    "128974848": "128974848",
    "129e6": "129e6",
    "123Mi": "123Mi",
  };
  for (const [text, want] of Object.entries(table)) assert.equal(canonicalQuantity(text), want, text);
});

test("arithmetic keeps the format, rounds away from zero", () => {
  assert.equal(parseQuantity("1Gi").add(parseQuantity("512Mi")).toString(), "1536Mi");
  assert.equal(parseQuantity("1").sub(parseQuantity("250m")).toString(), "750m");
  assert.equal(Quantity.of(0).add(parseQuantity("1Gi")).toString(), "1Gi");
  assert.equal(parseQuantity("1001m").value(), 2);
  assert.equal(parseQuantity("-1001m").value(), -2);
  assert.equal(parseQuantity("100u").milliValue(), 1);
  assert.equal(parseQuantity("2").compare(parseQuantity("2000m")), 0);
  assert.equal(Quantity.milli(1500).toString(), "1500m");
  assert.equal(Quantity.of(1 << 20, "BinarySI").toString(), "1Mi");
});

test("what is no quantity", () => {
  const wrong = /^quantities must match the regular expression/;
  for (const text of ["", "abc", "1 ", "1.2.3", "1Gi x"]) {
    assert.throws(
      () => parseQuantity(text),
      (e: unknown) => e instanceof QuantityError && wrong.test(e.message),
      text,
    );
  }
  for (const text of ["1mm", "1Kii", "1ki", "1e", "1e99999999"]) {
    assert.throws(
      () => parseQuantity(text),
      (e: unknown) => e instanceof QuantityError && e.message === "unable to parse quantity's suffix",
      text,
    );
  }
});
