import { bool, int32, int64, list, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const PodLogOptions = object("PodLogOptions", "", {
  container: string(1, ""),
  follow: bool(2, ""),
  previous: bool(3, ""),
  sinceSeconds: int64(4, ""),
  sinceTime: time(5, ""),
  timestamps: bool(6, ""),
  tailLines: int64(7, ""),
  limitBytes: int64(8, ""),
  insecureSkipTLSVerifyBackend: bool(9, ""),
  stream: string(10, ""),
});
export interface PodLogOptions extends ObjectOf<typeof PodLogOptions> {}

export const PodExecOptions = object("PodExecOptions", "", {
  stdin: bool(1, ""),
  stdout: bool(2, ""),
  stderr: bool(3, ""),
  tty: bool(4, ""),
  container: string(5, ""),
  command: list(6, string, "").required().always().atomic(),
});
export interface PodExecOptions extends ObjectOf<typeof PodExecOptions> {}

export const PodAttachOptions = object("PodAttachOptions", "", {
  stdin: bool(1, ""),
  stdout: bool(2, ""),
  stderr: bool(3, ""),
  tty: bool(4, ""),
  container: string(5, ""),
});
export interface PodAttachOptions extends ObjectOf<typeof PodAttachOptions> {}

export const PodPortForwardOptions = object("PodPortForwardOptions", "", {
  ports: list(1, int32, "").atomic(),
});
export interface PodPortForwardOptions extends ObjectOf<typeof PodPortForwardOptions> {}

export const PodProxyOptions = object("PodProxyOptions", "", {
  path: string(1, ""),
});
export interface PodProxyOptions extends ObjectOf<typeof PodProxyOptions> {}

export const NodeProxyOptions = object("NodeProxyOptions", "", {
  path: string(1, ""),
});
export interface NodeProxyOptions extends ObjectOf<typeof NodeProxyOptions> {}

export const ServiceProxyOptions = object("ServiceProxyOptions", "", {
  path: string(1, ""),
});
export interface ServiceProxyOptions extends ObjectOf<typeof ServiceProxyOptions> {}
