/** What several stories apply. */
import type { KubeDraft } from "#cluster/create/cluster.ts";

export interface WebOptions {
  readonly name?: string;
  readonly namespace?: string;
  readonly replicas?: number;
  readonly image?: string;
  readonly cpu?: string;
  /** Of the rolling update. */
  readonly maxSurge?: number | string;
  readonly maxUnavailable?: number | string;
}
/** A Deployment of a server with a readiness probe. */
export function web(options: WebOptions = {}): KubeDraft {
  const {
    name = "web",
    namespace = "default",
    replicas = 3,
    image = "web:1",
    cpu = "100m",
    maxSurge = "25%",
    maxUnavailable = "25%",
  } = options;
  const labels = { app: name };
  const probe = { httpGet: { path: "/", port: 8080 }, periodSeconds: 5 };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "app", image, readinessProbe: probe, resources: { requests: { cpu } } }] },
      },
    },
  };
}
/** The Service of such a Deployment. */
export function service(name = "web", namespace = "default"): KubeDraft {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
  };
}
/** Images by the names that the stories use: each answers with its name. */
export const images = { web: ({ image }: { readonly image: string }) => ({ http: () => ({ body: image }) }) };
