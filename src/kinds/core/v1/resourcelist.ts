/** Lists of resources and their amounts: which names there are, and what holds for each (upstream's pkg/apis/core/helper). */

import { qualifiedNameProblems } from "#base/names.ts";
import { parseQuantity, Quantity } from "#base/quantity.ts";

export type ResourceList = Record<string, string>;

const FOR_CONTAINERS = new Set(["cpu", "memory", "ephemeral-storage"]);
const STANDARD = new Set([
  "cpu",
  "memory",
  "ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "storage",
  "requests.storage",
  "services.nodeports",
  "services.loadbalancers",
]);
const COUNTED = new Set([
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
]);

export const isHugePages = (name: string): boolean => name.startsWith("hugepages-");
/** Names without a prefix, or with one under kubernetes.io. */
const isNative = (name: string) => !name.includes("/") || name.includes("kubernetes.io/");
export function isExtended(name: string): boolean {
  return !isNative(name) && !name.startsWith("requests.") && qualifiedNameProblems(`requests.${name}`).length === 0;
}
const overcommits = (name: string) => isNative(name) && !isHugePages(name);
export const mayOvercommit: (name: string) => boolean = overcommits;
const isInteger = (name: string) => COUNTED.has(name) || isExtended(name);

/** What is wrong with the name of a resource that a container asks for. */
export function containerResourceProblems(name: string): string[] {
  const out = resourceNameProblems(name);
  if (!name.includes("/")) {
    if (!FOR_CONTAINERS.has(name) && !isHugePages(name)) out.push("must be a standard resource for containers");
  } else if (!isNative(name) && !isExtended(name)) out.push("doesn't follow extended resource name standard");
  return out;
}
export function resourceNameProblems(name: string): string[] {
  const out = qualifiedNameProblems(name);
  if (out.length > 0 || name.includes("/")) return out;
  return STANDARD.has(name) || name.startsWith("requests.hugepages-") || isHugePages(name)
    ? []
    : ["must be a standard resource type or fully qualified"];
}
/** What is wrong with an amount, each with the value that is shown. */
export function amountProblems(name: string, text: string): string[] {
  const amount = parseQuantity(text);
  const out = amount.sign < 0 ? ["must be greater than or equal to 0"] : [];
  if (isInteger(name) && amount.milliValue() % 1000 !== 0) out.push("must be an integer");
  return out;
}
/** Whether an amount is a whole number of the huge pages in the resource's name. */
export function wholeHugePages(name: string, text: string): boolean {
  try {
    const size = parseQuantity(name.slice("hugepages-".length)).value();
    return size > 0 && parseQuantity(text).value() % size === 0;
  } catch {
    return false;
  }
}
/** Adds amounts to a list, in place. */
export function addAmounts(to: ResourceList, more: Readonly<ResourceList> | undefined): void {
  for (const [name, text] of Object.entries(more ?? {})) {
    to[name] = to[name] === undefined ? text : parseQuantity(to[name]).add(parseQuantity(text)).toString();
  }
}
export function compareAmounts(a: string, b: string): number {
  return parseQuantity(a).compare(parseQuantity(b));
}
/** Amounts finer than a thousandth are rounded up to one, as upstream does before it stores them. */
export function roundUp(list: ResourceList | undefined): void {
  for (const [name, text] of Object.entries(list ?? {})) {
    if (/[nu]$/.test(text)) list![name] = Quantity.milli(parseQuantity(text).milliValue()).toString();
  }
}
