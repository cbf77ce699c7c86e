import assert from "node:assert/strict";
import test from "node:test";
import * as cidr from "#base/cidr.ts";
import * as names from "#base/names.ts";

test("complaints are upstream's", () => {
  assert.deepEqual(names.dnsLabelProblems("a.b"), ["must not contain dots"]);
  assert.deepEqual(names.dnsLabelProblems("My_Name"), [
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  ]);
  assert.deepEqual(names.dnsSubdomainProblems("a".repeat(254)), ["must be no more than 253 characters"]);
  assert.deepEqual(names.qualifiedNameProblems("/x"), ["prefix part must be non-empty"]);
  assert.deepEqual(names.qualifiedNameProblems("example.com/x"), []);
  assert.deepEqual(names.portNameProblems("-web--1-"), ["must not contain consecutive hyphens", "must not begin or end with a hyphen"]);
  assert.deepEqual(names.envVarNameProblems("A=B"), [
    "a valid environment variable name must consist only of printable ASCII characters other than '='",
  ]);
  assert.deepEqual(names.configKeyProblems(".."), ["must not be '..'"]);
  assert.deepEqual(names.pathSegmentProblems("a/b%"), ["may not contain '/'", "may not contain '%'"]);
  assert.deepEqual(names.ipProblems("1.2.3.04"), ["must not have leading 0s"]);
  assert.deepEqual(names.ipProblems("2001:DB8::1"), ['must be in canonical form ("2001:db8::1")']);
  assert.deepEqual(names.ipProblems("::ffff:1.2.3.4"), ["must not be an IPv4-mapped IPv6 address"]);
  assert.deepEqual(names.legacyIpProblems("1.2.3"), ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]);
  assert.deepEqual(names.portNumberProblems(0), ["must be between 1 and 65535, inclusive"]);
});

test("addresses and ranges", () => {
  for (const [text, want] of [
    ["2001:0db8:0:0:0:0:2:1", "2001:db8::2:1"],
    ["::", "::"],
    ["1::", "1::"],
    ["::1", "::1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["64:ff9b::1.2.3.4", "64:ff9b::102:304"],
    ["::1.2.3.4", "::102:304"],
    ["010.0.0.1", "10.0.0.1"],
  ] as const)
    assert.equal(cidr.canonicalIp(text), want);
  for (const bad of ["1.2.3.256", ":::", "1:2:3:4:5:6:7:8:9", "1::2::3", "g::", "1:2:3:4:5:6:7::8:9", "", "1.2.3.4:5"])
    assert.equal(cidr.parseIp(bad), undefined, bad);
  const range = cidr.parseCidr("10.244.3.9/16")!;
  assert.equal(cidr.formatCidr(range), "10.244.0.0/16");
  assert.equal(cidr.formatIp(cidr.nth(range, 258)!), "10.244.1.2");
  assert.equal(cidr.formatCidr(cidr.subrange(range, 24, 5)!), "10.244.5.0/24");
  assert.equal(cidr.subrangeCount(range, 24), 256);
  assert.ok(cidr.contains(range, cidr.parseIp("10.244.255.255")!));
  assert.ok(!cidr.contains(range, cidr.parseIp("10.245.0.0")!));
  assert.equal(cidr.indexIn(range, cidr.parseIp("10.244.1.0")!), 256n);
  assert.deepEqual([...cidr.ipBytes(cidr.parseIp("1.2.3.4")!)], [1, 2, 3, 4]);
  assert.equal(cidr.parseCidr("10.0.0.0/33"), undefined);
});
