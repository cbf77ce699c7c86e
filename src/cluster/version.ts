/** What we call ourselves: the Kubernetes release whose API this is, and our own version as its build. */
export const COX_VERSION = "0.1.0";
export const KUBERNETES_VERSION = "v1.36.3";
