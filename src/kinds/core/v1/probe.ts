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

export const ExecAction = object("ExecAction", "", {
  command: list(1, string, "").atomic(),
});
export interface ExecAction extends ObjectOf<typeof ExecAction> {}

export const HTTPHeader = object("HTTPHeader", "", {
  name: string(1, "").required().always(),
  value: string(2, "").required().always(),
});
export interface HTTPHeader extends ObjectOf<typeof HTTPHeader> {}

export const HTTPGetAction = object("HTTPGetAction", "", {
  path: string(1, ""),
  port: intOrString(2, "").required().always(),
  host: string(3, ""),
  scheme: string(4, "").oneOf("HTTP", "HTTPS"),
  httpHeaders: list(5, HTTPHeader, "").atomic(),
});
export interface HTTPGetAction extends ObjectOf<typeof HTTPGetAction> {}

export const TCPSocketAction = object("TCPSocketAction", "", {
  port: intOrString(1, "").required().always(),
  host: string(2, ""),
});
export interface TCPSocketAction extends ObjectOf<typeof TCPSocketAction> {}

export const GRPCAction = object("GRPCAction", "", {
  port: int32(1, "").required().always(),
  service: string(2, "").default(""),
});
export interface GRPCAction extends ObjectOf<typeof GRPCAction> {}

export const ProbeHandler = object("ProbeHandler", "", {
  exec: ExecAction(1, ""),
  httpGet: HTTPGetAction(2, ""),
  tcpSocket: TCPSocketAction(3, ""),
  grpc: GRPCAction(4, ""),
});
export interface ProbeHandler extends ObjectOf<typeof ProbeHandler> {}

export const Probe = object(
  "Probe",
  "",
  {
    initialDelaySeconds: int32(2, ""),
    timeoutSeconds: int32(3, ""),
    periodSeconds: int32(4, ""),
    successThreshold: int32(5, ""),
    failureThreshold: int32(6, ""),
    terminationGracePeriodSeconds: int64(7, ""),
  },
  embed(1, ProbeHandler),
);
export interface Probe extends ObjectOf<typeof Probe> {}

export const SleepAction = object("SleepAction", "", {
  seconds: int64(1, "").required().always(),
});
export interface SleepAction extends ObjectOf<typeof SleepAction> {}

export const LifecycleHandler = object("LifecycleHandler", "", {
  exec: ExecAction(1, ""),
  httpGet: HTTPGetAction(2, ""),
  tcpSocket: TCPSocketAction(3, ""),
  sleep: SleepAction(4, ""),
});
export interface LifecycleHandler extends ObjectOf<typeof LifecycleHandler> {}

export const Lifecycle = object("Lifecycle", "", {
  postStart: LifecycleHandler(1, ""),
  preStop: LifecycleHandler(2, ""),
  stopSignal: string(3, "").oneOf(...SIGNALS),
});
export interface Lifecycle extends ObjectOf<typeof Lifecycle> {}
