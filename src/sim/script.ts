/** What a simulated container does: the words in which images are said, on the runtime's side. */

/** A request to a container, as its network brings it. */
export interface SimulatedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
export interface SimulatedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
/** The states of grpc.health.v1. */
export type Serving = "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN" | "UNKNOWN";
/** What a container's script has of the process that runs it. */
export interface ContainerProcess {
  /** Aborted when it has ended, whatever ended it. */
  readonly signal: AbortSignal;
  /** Adds a line to its log. */
  print(line: string): void;
}
/** What a container does; by default it runs until it is stopped. */
export interface Script {
  /** Its program: it ends the container with the exit code that it resolves with (0, if none), or with 1 and a line in the log. */
  readonly main?: () => Promise<number | undefined> | Promise<void>;
  /** Milliseconds from its start to its end by itself. */
  readonly runsFor?: number;
  readonly exitCode?: number;
  /** Milliseconds from the stop signal to its end; by default it ends at once, with 0 … */
  readonly stopTakes?: number;
  /** … or does not start at all, for this reason. */
  readonly startError?: string;
  readonly log?: string;
  /** Bytes of memory that it uses; next to none if it is not said. */
  readonly memory?: number;
  /** Bytes that it has written into its own layer; none if it is not said. */
  readonly disk?: () => number;
  /** Bytes that it has written into volumes, by their names. */
  readonly volumes?: Readonly<Record<string, () => number>>;
  /** Answers commands; by default each prints its words and succeeds. */
  readonly exec?: (command: readonly string[]) => { readonly exitCode?: number; readonly output?: string };
  /** Where it listens; a connection to any other port is refused. By default on every port that something below answers on. */
  readonly ports?: readonly number[];
  /** Answers requests. */
  readonly http?: (request: SimulatedRequest) => SimulatedAnswer | Promise<SimulatedAnswer>;
  /** Answers gRPC's health check: how the service of that name is, "" for the whole server. */
  readonly grpc?: (service: string) => Serving | Promise<Serving>;
}
