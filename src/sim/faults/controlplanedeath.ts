import { between, faultKind, LONG, named, oneOf } from "./fault.ts";
import { optional, plane } from "./fields.ts";

/** A control plane dies where it stands; without a name all of them. */
export interface ControlPlaneDeath {
  readonly fault: "controlPlaneDeath";
  readonly plane?: string;
}
export const controlPlaneDeath = faultKind<ControlPlaneDeath>({
  name: "controlPlaneDeath",
  fields: { plane: optional(plane) },
  draw(chance, { planes }) {
    const plane = planes.length > 1 ? oneOf(chance, planes) : undefined;
    return { fault: "controlPlaneDeath", ...(plane !== undefined && { plane }), for: between(chance, ...LONG) };
  },
  begin({ plane }, { planes }) {
    const struck = named("plane", planes, plane);
    for (const one of struck) one.stop();
    return () => {
      // one that dies again while it starts is begun again by what killed it
      for (const one of struck) one.start().catch(() => undefined);
    };
  },
});
