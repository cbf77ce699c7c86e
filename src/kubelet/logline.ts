/** One line of a log file in CRI's format: `2026-01-02T03:04:05.678901234Z stdout F text`; tag P: the line goes on in the next. */
export interface LogLine {
  /** RFC 3339 with nanoseconds, as it stands. */
  readonly time: string;
  readonly stream: "stdout" | "stderr";
  readonly partial: boolean;
  readonly content: string;
}
/** Reads a line without its newline; undefined when it is none of this format. */
export function parseLogLine(line: string): LogLine | undefined {
  const first = line.indexOf(" ");
  const second = line.indexOf(" ", first + 1);
  const third = line.indexOf(" ", second + 1);
  if (first <= 0 || second < 0 || third < 0) return undefined;
  const stream = line.slice(first + 1, second);
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  return {
    time: line.slice(0, first),
    stream,
    partial: line.slice(second + 1, third).split(":")[0] === "P",
    content: line.slice(third + 1),
  };
}
