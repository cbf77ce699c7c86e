/**
 * The shapes of names, with upstream's complaints (k8s.io/apimachinery/pkg/util/validation): every function returns the list of
 * what is wrong, empty when all is well.
 */

import { utf8 } from "#base/bytes.ts";
import { canonicalIp, parseIp, parseIpSloppy } from "#base/cidr.ts";

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomain = `${label}(\\.${label})*`;
const underscored = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const labelRegex = new RegExp(`^${label}$`);
const subdomainRegex = new RegExp(`^${subdomain}$`);

/** Bytes of the UTF-8 form; names are nearly always ASCII. */
function bytesOf(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return utf8(text).length;
  return text.length;
}
const tooLong = (text: string, max: number) => (bytesOf(text) > max ? [`must be no more than ${max} characters`] : []);
const tooManyBytes = (text: string, max: number) => (bytesOf(text) > max ? [`must be no more than ${max} bytes`] : []);

/** Upstream's sentence for a value that a regular expression refuses. */
export function regexProblem(message: string, regex: string, ...examples: string[]): string {
  const shown = examples.length === 0 ? " (" : ` (e.g. ${examples.map(e => `'${e}', `).join(" or ")}`;
  return `${message}${shown}regex used for validation is '${regex}')`;
}

export function dnsLabelProblems(value: string): string[] {
  const out = tooLong(value, 63);
  if (labelRegex.test(value)) return out;
  if (subdomainRegex.test(value)) out.push("must not contain dots");
  else
    out.push(
      regexProblem(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
        label,
        "my-name",
        "123-abc",
      ),
    );
  return out;
}

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
export function dnsSubdomainProblems(value: string): string[] {
  const out = tooLong(value, 253);
  if (!subdomainRegex.test(value)) out.push(regexProblem(SUBDOMAIN, subdomain, "example.com"));
  return out;
}
const underscoredSubdomain = `${underscored}(\\.${underscored})*`;
const underscoredRegex = new RegExp(`^${underscoredSubdomain}$`);
export function dnsSubdomainWithUnderscoreProblems(value: string): string[] {
  const out = tooLong(value, 253);
  if (!underscoredRegex.test(value))
    out.push(
      regexProblem(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
        underscoredSubdomain,
        "example.com",
      ),
    );
  return out;
}
const label1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const label1035Regex = new RegExp(`^${label1035}$`);
export function dns1035LabelProblems(value: string): string[] {
  const out = tooLong(value, 63);
  if (!label1035Regex.test(value))
    out.push(
      regexProblem(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        label1035,
        "my-name",
        "abc-123",
      ),
    );
  return out;
}

const keyPart = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const keyRegex = new RegExp(`^${keyPart}$`);
const KEY = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const keyProblem = () => regexProblem(KEY, keyPart, "MyName", "my.name", "123-abc");
/** Label and annotation keys, resource names and the like: `[prefix/]name`. */
export function qualifiedNameProblems(value: string): string[] {
  const parts = value.split("/");
  if (parts.length > 2)
    return [`a valid label key ${keyProblem()} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  const out: string[] = [];
  const name = parts.at(-1)!;
  if (parts.length === 2) {
    if (parts[0] === "") out.push("prefix part must be non-empty");
    else {
      const problems = tooManyBytes(parts[0]!, 253);
      if (!subdomainRegex.test(parts[0]!)) problems.push(regexProblem(SUBDOMAIN, subdomain, "example.com"));
      out.push(...problems.map(p => `prefix part ${p}`));
    }
  }
  if (name === "") out.push("name part must be non-empty");
  else out.push(...tooManyBytes(name, 63).map(p => `name part ${p}`));
  if (!keyRegex.test(name)) out.push(`name part ${keyProblem()}`);
  return out;
}
const labelValue = `(${keyPart})?`;
const labelValueRegex = new RegExp(`^${labelValue}$`);
export function labelValueProblems(value: string): string[] {
  const out = tooManyBytes(value, 63);
  if (!labelValueRegex.test(value))
    out.push(
      regexProblem(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        labelValue,
        "MyValue",
        "my_value",
        "12345",
      ),
    );
  return out;
}

/** Environment variable names as 1.34 and later take them: any printable ASCII but `=`. */
export function envVarNameProblems(value: string): string[] {
  const out: string[] = [];
  if (value === "") out.push("environment variable name must be non-empty");
  if (!/^[\x20-\x3c\x3e-\x7e]*$/.test(value))
    out.push("a valid environment variable name must consist only of printable ASCII characters other than '='");
  return out;
}

function dotsProblems(value: string): string[] {
  if (value === ".") return ["must not be '.'"];
  if (value === "..") return ["must not be '..'"];
  return value.startsWith("..") ? ["must not start with '..'"] : [];
}
const configKey = "[-._a-zA-Z0-9]+";
/** Keys of a ConfigMap's or Secret's data. */
export function configKeyProblems(value: string): string[] {
  const out = tooLong(value, 253);
  if (!/^[-._a-zA-Z0-9]+$/.test(value))
    out.push(
      regexProblem(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        configKey,
        "key.name",
        "KEY_NAME",
        "key-name",
      ),
    );
  return [...out, ...dotsProblems(value)];
}

/** Names of ports, as services and probes refer to them (IANA service names, RFC 6335). */
export function portNameProblems(value: string): string[] {
  const out = tooLong(value, 15);
  if (!/^[-a-z0-9]+$/.test(value)) out.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(value)) out.push("must contain at least one letter (a-z)");
  if (value.includes("--")) out.push("must not contain consecutive hyphens");
  if (value.startsWith("-") || value.endsWith("-")) out.push("must not begin or end with a hyphen");
  return out;
}
export function rangeProblems(value: number, min: number, max: number): string[] {
  return value >= min && value <= max ? [] : [`must be between ${min} and ${max}, inclusive`];
}
export const portNumberProblems = (value: number) => rangeProblems(value, 1, 65535);
/** Users and groups in a security context. */
export const userIdProblems = (value: number) => rangeProblems(value, 0, 2 ** 31 - 1);

export function percentProblems(value: string): string[] {
  if (/^[0-9]+%$/.test(value)) return [];
  return [regexProblem("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", "1%", "93%")];
}
export function headerNameProblems(value: string): string[] {
  if (/^[-A-Za-z0-9]+$/.test(value)) return [];
  return [regexProblem("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", "X-Header-Name")];
}

/** IP addresses in new fields: strict and in canonical form. */
export function ipProblems(value: string): string[] {
  const out = legacyIpProblems(value);
  if (out.length > 0) return out;
  const strict: string[] = [];
  if (parseIp(value) === undefined) strict.push("must not have leading 0s");
  else if (/^::ffff:/i.test(value) && value.includes(".")) strict.push("must not be an IPv4-mapped IPv6 address");
  if (strict.length > 0) return strict;
  const form = canonicalIp(value)!;
  return form === value ? [] : [`must be in canonical form (${JSON.stringify(form)})`];
}
/** IP addresses in fields older than the strict rules (pod and service addresses). */
export function legacyIpProblems(value: string): string[] {
  return parseIpSloppy(value) === undefined ? ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"] : [];
}
/** CIDRs in fields older than the strict rules (pod ranges of nodes). */
export function legacyCidrProblems(value: string): string[] {
  const [address, bits, ...more] = value.split("/");
  const ip = address === undefined ? undefined : parseIpSloppy(address);
  const good = ip && more.length === 0 && /^\d{1,3}$/.test(bits ?? "") && Number(bits) <= (address!.includes(":") ? 128 : 32);
  return good ? [] : ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"];
}

/** Names of objects whose rule is only that they fit into a path (RBAC). `prefix` is for generateName. */
export function pathSegmentProblems(name: string, prefix = false): string[] {
  if (!prefix && (name === "." || name === "..")) return [`may not be '${name}'`];
  return ["/", "%"].filter(c => name.includes(c)).map(c => `may not contain '${c}'`);
}
/** What stands for a generateName in a check of the name's shape: a trailing dash is allowed. */
export function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;
}
