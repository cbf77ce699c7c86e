import { type Plugin, refuseForGood } from "#scheduler/plugin.ts";

const REFUSED = refuseForGood("node(s) didn't match the requested node name");

export const nodeName: Plugin = {
  name: "NodeName",
  filter({ pod }) {
    const wanted = pod.spec.nodeName;
    return wanted ? node => (node.node.metadata.name === wanted ? undefined : REFUSED) : undefined;
  },
};
