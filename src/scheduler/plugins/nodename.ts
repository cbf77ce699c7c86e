import { type Plugin, refuseForGood } from "#scheduler/plugin.ts";

const REFUSALS = [refuseForGood("node(s) didn't match the requested node name")];

export const nodeName: Plugin = {
  name: "NodeName",
  filter({ pod }, snapshot) {
    const wanted = pod.spec.nodeName;
    if (!wanted) return undefined;
    return {
      refusals: REFUSALS,
      fill(rows, codes) {
        for (const row of rows) codes[row] = snapshot.node(row).name === wanted ? 0 : 1;
      },
    };
  },
};
