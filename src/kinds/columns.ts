/** Columns that many kinds share, and the way cells show lists and maps (upstream's pkg/printers/internalversion). */
import { ageOf } from "#base/time.ts";
import type { Column, KubeObject } from "#kinds/kind.ts";
import type { LabelSelector } from "#kinds/meta/v1/labelselector.ts";
import { selectorString } from "#kinds/selectortext.ts";

export const NAME: Column<KubeObject> = {
  name: "Name",
  type: "string",
  format: "name",
  doc: "The object's name, unique within its namespace and kind.",
  cell: o => o.metadata.name ?? "",
};
export const AGE: Column<KubeObject> = {
  name: "Age",
  type: "string",
  doc: "The time since the object was created.",
  cell: (o, now) => ageOf(o.metadata.creationTimestamp, now),
};
/** Kinds without columns of their own show when they were created, as a time. */
export const DEFAULT_COLUMNS: readonly Column<KubeObject>[] = [
  NAME,
  {
    name: "Created At",
    type: "date",
    doc: "When the object was created.",
    cell: o => o.metadata.creationTimestamp ?? null,
  },
];

/** Labels as `a=b,c=d` in order of their keys; `<none>` for none. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([k, v]) => `${k}=${v}`);
  return pairs.sort().join(",") || "<none>";
}
/** A label selector as text; `<none>` for one that selects nothing or is absent. */
export function selectorText(selector: LabelSelector | undefined): string {
  return (selector && selectorString(selector)) || "<none>";
}

interface Templated {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers?: readonly { readonly name: string; readonly image?: string }[] } };
    readonly selector?: LabelSelector;
  };
}
/** The wide columns of everything that makes pods from a template. */
export const TEMPLATE_COLUMNS: readonly Column<Templated>[] = [
  {
    name: "Containers",
    type: "string",
    wide: true,
    doc: "The names of the template's containers.",
    cell: o => (o.spec.template.spec.containers ?? []).map(c => c.name).join(","),
  },
  {
    name: "Images",
    type: "string",
    wide: true,
    doc: "The images of the template's containers.",
    cell: o => (o.spec.template.spec.containers ?? []).map(c => c.image ?? "").join(","),
  },
  {
    name: "Selector",
    type: "string",
    wide: true,
    doc: "The labels by which the pods are found.",
    cell: o => selectorText(o.spec.selector),
  },
];

/** The first `max` of the items, and how many more there are: "a,b,c + 2 more...". */
export function firstFew(items: readonly string[], max = 3): string {
  const shown = items.slice(0, max).join(",");
  return items.length > max ? `${shown} + ${items.length - max} more...` : shown;
}
