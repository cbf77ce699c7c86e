/** Every namespace has a ConfigMap with the certificate by which pods know the apiserver. */
import { equal } from "#base/equal.ts";
import { controller, on } from "#client/controller.ts";
import { create, type Step, update } from "#client/steps.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import { Namespace } from "#kinds/core/v1/namespace.ts";

export const ROOT_CA = "kube-root-ca.crt";
const DESCRIPTION =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

export interface Observed {
  readonly namespace: Namespace;
  readonly map: ConfigMap | undefined;
}

/** `bundle`: the authority's certificates, PEM. */
export function rootCaPublisher(bundle: string) {
  return controller<Observed>({
    name: "root-ca-cert-publisher",
    keyedBy: "Namespace",
    watches: [on(Namespace), on(ConfigMap, map => (map.metadata.name === ROOT_CA ? [map.metadata.namespace ?? ""] : []))],
    observe(key, { views }) {
      const namespace = views.of(Namespace).get(key);
      return namespace && { namespace, map: views.of(ConfigMap).get(ROOT_CA, key) };
    },
    decide({ namespace, map }): Step[] {
      if (namespace.metadata.deletionTimestamp) return [];
      const data = { "ca.crt": bundle };
      const annotations = { "kubernetes.io/description": DESCRIPTION };
      const metadata = { name: ROOT_CA, namespace: namespace.metadata.name, annotations };
      if (!map) return [create(ConfigMap, { metadata, data }, "every namespace has the authority's certificate")];
      if (equal(map.data, data) && map.metadata.annotations?.["kubernetes.io/description"] !== undefined) return [];
      const next = { ...map, metadata: { ...map.metadata, annotations: { ...map.metadata.annotations, ...annotations } }, data };
      return [update(ConfigMap, next, "it is to hold the authority's certificate")];
    },
  });
}
