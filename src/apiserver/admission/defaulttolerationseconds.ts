/** DefaultTolerationSeconds: a pod stays five minutes on a node that is not ready or cannot be reached. */
import { isAbout } from "#apiserver/admission/refuse.ts";
import type { AdmissionPlugin } from "#apiserver/call.ts";
import { Pod } from "#kinds/core/v1/pod.ts";

const SECONDS = 300;
const KEYS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: "DefaultTolerationSeconds",
  kinds: [Pod],
  admit(a) {
    if ((a.operation !== "CREATE" && a.operation !== "UPDATE") || !isAbout(a, Pod)) return;
    const { spec } = a.object as Pod;
    const given = spec.tolerations ?? [];
    const lacking = KEYS.filter(key => !given.some(t => (!t.key || t.key === key) && (!t.effect || t.effect === "NoExecute")));
    if (lacking.length === 0) return;
    const added = lacking.map(key => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: SECONDS }));
    spec.tolerations = [...given, ...added];
  },
};
