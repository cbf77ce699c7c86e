import { embed, int32, int64, intOrString, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

/** Signals by name, as a container can be asked to stop by. */
export const SIGNALS: readonly string[] = [
  "SIGABRT",
  "SIGALRM",
  "SIGBUS",
  "SIGCHLD",
  "SIGCLD",
  "SIGCONT",
  "SIGFPE",
  "SIGHUP",
  "SIGILL",
  "SIGINT",
  "SIGIO",
  "SIGIOT",
  "SIGKILL",
  "SIGPIPE",
  "SIGPOLL",
  "SIGPROF",
  "SIGPWR",
  "SIGQUIT",
  "SIGRTMAX",
  "SIGRTMAX-1",
  "SIGRTMAX-10",
  "SIGRTMAX-11",
  "SIGRTMAX-12",
  "SIGRTMAX-13",
  "SIGRTMAX-14",
  "SIGRTMAX-2",
  "SIGRTMAX-3",
  "SIGRTMAX-4",
  "SIGRTMAX-5",
  "SIGRTMAX-6",
  "SIGRTMAX-7",
  "SIGRTMAX-8",
  "SIGRTMAX-9",
  "SIGRTMIN",
  "SIGRTMIN+1",
  "SIGRTMIN+10",
  "SIGRTMIN+11",
  "SIGRTMIN+12",
  "SIGRTMIN+13",
  "SIGRTMIN+14",
  "SIGRTMIN+15",
  "SIGRTMIN+2",
  "SIGRTMIN+3",
  "SIGRTMIN+4",
  "SIGRTMIN+5",
  "SIGRTMIN+6",
  "SIGRTMIN+7",
  "SIGRTMIN+8",
  "SIGRTMIN+9",
  "SIGSEGV",
  "SIGSTKFLT",
  "SIGSTOP",
  "SIGSYS",
  "SIGTERM",
  "SIGTRAP",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGURG",
  "SIGUSR1",
  "SIGUSR2",
  "SIGVTALRM",
  "SIGWINCH",
  "SIGXCPU",
  "SIGXFSZ",
];

export const ExecAction = object("ExecAction", "Runs a program in the container; exit code 0 means success.", {
  command: list(1, string, "The program and its arguments; no shell.").atomic(),
});
export interface ExecAction extends ObjectOf<typeof ExecAction> {}

export const HTTPHeader = object("HTTPHeader", "A header of a request.", {
  name: string(1, "The header's name.").required().always(),
  value: string(2, "Its value.").required().always(),
});
export interface HTTPHeader extends ObjectOf<typeof HTTPHeader> {}

export const HTTPGetAction = object("HTTPGetAction", "Asks by HTTP; a status from 200 to 399 means success.", {
  path: string(1, "The path; / unless stated."),
  port: intOrString(2, "The port, as a number or by name.").required().always(),
  host: string(3, "The host; the pod's address unless stated."),
  scheme: string(4, "HTTP or HTTPS; HTTP unless stated. Certificates are not checked.").oneOf("HTTP", "HTTPS"),
  httpHeaders: list(5, HTTPHeader, "Further headers.").atomic(),
});
export interface HTTPGetAction extends ObjectOf<typeof HTTPGetAction> {}

export const TCPSocketAction = object("TCPSocketAction", "Opens a connection; that it opens means success.", {
  port: intOrString(1, "The port, as a number or by name.").required().always(),
  host: string(2, "The host; the pod's address unless stated."),
});
export interface TCPSocketAction extends ObjectOf<typeof TCPSocketAction> {}

export const GRPCAction = object("GRPCAction", "Asks the gRPC health service.", {
  port: int32(1, "The port's number.").required().always(),
  service: string(2, "The service whose health is asked for.").default(""),
});
export interface GRPCAction extends ObjectOf<typeof GRPCAction> {}

export const ProbeHandler = object("ProbeHandler", "How a probe asks: one of these.", {
  exec: ExecAction(1, "By running a program in the container."),
  httpGet: HTTPGetAction(2, "By an HTTP request."),
  tcpSocket: TCPSocketAction(3, "By opening a connection."),
  grpc: GRPCAction(4, "By the gRPC health service."),
});
export interface ProbeHandler extends ObjectOf<typeof ProbeHandler> {}

export const Probe = object(
  "Probe",
  "A question that is put to a container again and again.",
  {
    initialDelaySeconds: int32(2, "How long to wait after the start before the first time."),
    timeoutSeconds: int32(3, "How long an answer may take; 1 unless stated."),
    periodSeconds: int32(4, "How often to ask; every 10 seconds unless stated."),
    successThreshold: int32(5, "How many successes in a row count as success; 1 unless stated."),
    failureThreshold: int32(6, "How many failures in a row count as failure; 3 unless stated."),
    terminationGracePeriodSeconds: int64(7, "How long the container gets to end after a failure; the pod's own setting unless stated."),
  },
  embed(1, ProbeHandler),
);
export interface Probe extends ObjectOf<typeof Probe> {}

export const SleepAction = object("SleepAction", "Waits.", {
  seconds: int64(1, "How long.").required().always(),
});
export interface SleepAction extends ObjectOf<typeof SleepAction> {}

export const LifecycleHandler = object("LifecycleHandler", "What is done at a point of a container's life: one of these.", {
  exec: ExecAction(1, "Runs a program in the container."),
  httpGet: HTTPGetAction(2, "Sends an HTTP request."),
  tcpSocket: TCPSocketAction(3, "Not supported; kept for old objects."),
  sleep: SleepAction(4, "Waits for a while."),
});
export interface LifecycleHandler extends ObjectOf<typeof LifecycleHandler> {}

export const Lifecycle = object("Lifecycle", "What is done at certain points of a container's life.", {
  postStart: LifecycleHandler(1, "Done right after the start; if it fails, the container is ended."),
  preStop: LifecycleHandler(2, "Done before the container is asked to stop; its time counts toward the grace period."),
  stopSignal: string(3, "The signal by which the container is asked to stop; the image's unless stated.").oneOf(...SIGNALS),
});
export interface Lifecycle extends ObjectOf<typeof Lifecycle> {}
