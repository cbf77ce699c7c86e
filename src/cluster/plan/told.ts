/** A plan in lines for a person. */
import { type FieldChange, valueText } from "#apiserver/changes.ts";
import type { Effect } from "#cluster/plan/outcome.ts";
import type { Plan } from "#cluster/plan/plan.ts";
import type { Kind } from "#kinds/kind.ts";

const MARKS: Readonly<Record<Effect["effect"], string>> = {
  create: "+ create ",
  change: "~ change ",
  restart: "↻ restart",
  evict: "- evict  ",
  delete: "- delete ",
  pending: "… pending",
  unready: "! unready",
};
/** Fields shown of one object. */
const MOST_FIELDS = 12;
const MOST_VALUE = 80;

export function toldPlan({ effects, anyway, restless }: Plan): string[] {
  const lines = effects.length > 0 ? effects.flatMap(lineOf) : ["The change would change nothing."];
  if (anyway.length > 0) lines.push("", "Also without the change:", ...anyway.flatMap(lineOf).map(line => `  ${line}`));
  if (restless) lines.push("", `It would not come to rest: ${restless}`);
  const count = (effect: Effect["effect"]) => effects.filter(e => e.effect === effect).length;
  const kinds = (["create", "change", "restart", "evict", "delete", "pending", "unready"] as const).filter(count);
  lines.push(
    "",
    `${
      kinds
        .map(k => `${count(k)} to ${k}`)
        .join(", ")
        .replace("to pending", "left pending")
        .replace("to unready", "not ready") || "nothing"
    }. Nothing in the cluster has changed.`,
  );
  return lines;
}

function lineOf({ effect, kind, namespace, name, because, by, changes = [] }: Effect): string[] {
  const what = `${kind.singular}${kind.group ? `.${kind.group}` : ""}/${name}${namespace ? ` -n ${namespace}` : ""}`;
  const why = [by, because].filter(Boolean).join(": ");
  const shown = changes.slice(0, MOST_FIELDS).map(c => `    ${fieldLine(kind, c)}`);
  const more = changes.length > MOST_FIELDS ? [`    and ${changes.length - MOST_FIELDS} fields more`] : [];
  return [`${MARKS[effect]} ${what}${why ? `  (${why})` : ""}`, ...shown, ...more];
}
function fieldLine(kind: Kind, { path, from, to }: FieldChange): string {
  const show = (value: unknown) => {
    const text = valueText(kind, path, value);
    return text.length > MOST_VALUE ? `${text.slice(0, MOST_VALUE)}…` : text;
  };
  if (from === undefined) return `${path}: ${show(to)} is new`;
  if (to === undefined) return `${path}: ${show(from)} goes`;
  return `${path}: ${show(from)} → ${show(to)}`;
}
