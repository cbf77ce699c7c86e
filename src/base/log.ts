/** Structured logging as a parameter: one line an event. */
export interface Log {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** A logger whose lines carry these fields too. */
  with(fields: Fields): Log;
}
export type Fields = Readonly<Record<string, unknown>>;

export const silentLog: Log = { info() {}, warn() {}, error() {}, with: () => silentLog };
