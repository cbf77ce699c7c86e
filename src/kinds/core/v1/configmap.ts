import { AGE, NAME } from "#kinds/columns.ts";
import { validateConfigMap, validateFrozen } from "#kinds/core/v1/datavalidation.ts";
import { kind } from "#kinds/kind.ts";
import { bool, bytes, map, type ObjectOf, string } from "#schema/notation.ts";

export const ConfigMap = kind(
  {
    group: "",
    version: "v1",
    kind: "ConfigMap",
    plural: "configmaps",
    namespaced: true,
    doc: "Settings for pods: texts and bytes under names.",
    home: "io.k8s.api.core.v1",
    fields: {
      immutable: bool(4, "Once true, the data cannot be changed, nor can this be unset."),
      data: map(2, string, "Texts by key; keys consist of letters, digits, '-', '_' and '.'."),
      binaryData: map(3, bytes, "Bytes by key, in base64; keys must not stand in data as well."),
    },
  },
  {
    short: ["cm"],
    rules: { validate: validateConfigMap, validateUpdate: validateFrozen },
    ownColumns: true,
    columns: [
      NAME,
      {
        name: "Data",
        type: "string",
        doc: "The number of keys.",
        cell: c => Object.keys(c.data ?? {}).length + Object.keys(c.binaryData ?? {}).length,
      },
      AGE,
    ],
  },
);
export interface ConfigMap extends ObjectOf<typeof ConfigMap> {}
