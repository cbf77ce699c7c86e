import { bool, int32, int64, list, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const PodLogOptions = object("PodLogOptions", "What to show of a container's log.", {
  container: string(1, "The container; needed where there are several."),
  follow: bool(2, "Whether to go on with new lines."),
  previous: bool(3, "Whether to show the container as it was before its last restart."),
  sinceSeconds: int64(4, "Only lines of the last so many seconds."),
  sinceTime: time(5, "Only lines since this time."),
  timestamps: bool(6, "Whether each line begins with its time."),
  tailLines: int64(7, "Only so many lines from the end."),
  limitBytes: int64(8, "At most so many bytes."),
  insecureSkipTLSVerifyBackend: bool(9, "Whether the kubelet's certificate goes unchecked; then the log may come from anybody."),
  stream: string(10, "Stdout, Stderr, or All for both."),
});
export interface PodLogOptions extends ObjectOf<typeof PodLogOptions> {}

export const PodExecOptions = object("PodExecOptions", "What to run in a container.", {
  stdin: bool(1, "Whether the client sends standard input."),
  stdout: bool(2, "Whether the client gets standard output."),
  stderr: bool(3, "Whether the client gets standard error."),
  tty: bool(4, "Whether the program gets a terminal."),
  container: string(5, "The container; the pod's only one if absent."),
  command: list(6, string, "The program and its arguments; no shell.").required().always().atomic(),
});
export interface PodExecOptions extends ObjectOf<typeof PodExecOptions> {}

export const PodAttachOptions = object("PodAttachOptions", "Which streams of a running container to join.", {
  stdin: bool(1, "Whether the client sends standard input."),
  stdout: bool(2, "Whether the client gets standard output."),
  stderr: bool(3, "Whether the client gets standard error."),
  tty: bool(4, "Whether the container has a terminal."),
  container: string(5, "The container; the pod's only one if absent."),
});
export interface PodAttachOptions extends ObjectOf<typeof PodAttachOptions> {}

export const PodPortForwardOptions = object("PodPortForwardOptions", "Which ports to forward.", {
  ports: list(1, int32, "The ports of the pod; needed for WebSocket only.").atomic(),
});
export interface PodPortForwardOptions extends ObjectOf<typeof PodPortForwardOptions> {}

export const PodProxyOptions = object("PodProxyOptions", "What to ask of a pod.", {
  path: string(1, "The path of the request to the pod."),
});
export interface PodProxyOptions extends ObjectOf<typeof PodProxyOptions> {}

export const NodeProxyOptions = object("NodeProxyOptions", "What to ask of a node.", {
  path: string(1, "The path of the request to the kubelet."),
});
export interface NodeProxyOptions extends ObjectOf<typeof NodeProxyOptions> {}

export const ServiceProxyOptions = object("ServiceProxyOptions", "What to ask of a service.", {
  path: string(1, "The path of the request to the service."),
});
export interface ServiceProxyOptions extends ObjectOf<typeof ServiceProxyOptions> {}
