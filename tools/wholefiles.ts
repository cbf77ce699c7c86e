/**
 * Test files that fail as a whole: their process ended otherwise than by its tests. The runner says no more of it than "test failed", so that what is
 * known is gathered here: how it ended, what happened outside of its tests, and what it said last.
 */
import type { EventEmitter } from "node:events";

interface TestEvent {
  readonly name?: string;
  readonly file?: string;
  readonly message?: string;
  readonly details?: {
    readonly duration_ms?: number;
    readonly error?: { readonly exitCode?: number | null; readonly signal?: string | null };
  };
}
interface Heard {
  passed: number;
  readonly lines: string[];
}
/** Of each file so many lines are kept. */
const LINES = 20;

export class WholeFiles {
  readonly #heard = new Map<string, Heard>();
  readonly #failed: string[] = [];

  /** Listens to a run of node:test. */
  listen(run: Pick<EventEmitter, "on">): void {
    const of = (file = "") => {
      const heard = this.#heard.get(file) ?? { passed: 0, lines: [] };
      this.#heard.set(file, heard);
      return heard;
    };
    const said = ({ file, message = "" }: TestEvent) => {
      const { lines } = of(file);
      lines.push(...message.trimEnd().split("\n"));
      lines.splice(0, lines.length - LINES);
    };
    run.on("test:stderr", said);
    run.on("test:diagnostic", (event: TestEvent) => event.file && said(event));
    run.on("test:pass", ({ file }: TestEvent) => of(file).passed++);
    run.on("test:fail", ({ file, name, details }: TestEvent) => {
      const { error, duration_ms = 0 } = details ?? {};
      // a test's own failure has neither
      if (!error || (error.exitCode === undefined && error.signal === undefined)) return;
      const { passed, lines } = of(file);
      const how = error.signal ? `was ended by ${error.signal}${KILLED[error.signal] ?? ""}` : `ended with exit code ${error.exitCode}`;
      const seconds = Math.round(duration_ms / 1000);
      const last = lines.length > 0 ? ["it said last:", ...lines.map(line => `  ${line}`)] : ["it said nothing"];
      this.#failed.push(
        [`${name}: its process ${how}, after ${seconds} s and ${passed} tests that passed; ${last[0]}`, ...last.slice(1)].join("\n"),
      );
    });
  }
  /** One paragraph for each that failed so. */
  get report(): readonly string[] {
    return this.#failed;
  }
}
/** What such a signal mostly means. */
const KILLED: Readonly<Record<string, string>> = {
  SIGKILL: " (by somebody, or by the kernel for want of memory: dmesg tells)",
  SIGABRT: " (mostly the end of its heap)",
  SIGTERM: " (by somebody, or as the run was ended)",
};
