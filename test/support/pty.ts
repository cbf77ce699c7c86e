/** A program on a real terminal. */
import pty from "@lydell/node-pty";

export interface Terminal {
  type(text: string): void;
  resize(columns: number, rows: number): void;
  text(): string;
  /** Resolves with the match when the screen's text so far matches. */
  shows(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  readonly ended: Promise<number>;
  kill(): void;
}

export function onTerminal(program: string, args: readonly string[], size: { columns: number; rows: number }): Terminal {
  const p = pty.spawn(program, [...args], { cols: size.columns, rows: size.rows, name: "xterm" });
  let text = "";
  const wakers = new Set<() => void>();
  p.onData(data => {
    text += data;
    for (const wake of wakers) wake();
  });
  const ended = new Promise<number>(resolve => p.onExit(({ exitCode }) => resolve(exitCode)));
  return {
    type: data => p.write(data),
    resize: (columns, rows) => p.resize(columns, rows),
    text: () => text,
    ended,
    kill: () => p.kill(),
    shows(pattern, timeoutMs = 20_000) {
      return new Promise((resolve, reject) => {
        const finish = (then: () => void) => {
          wakers.delete(look);
          clearTimeout(timer);
          then();
        };
        const look = () => {
          const match = pattern.exec(text);
          if (match) finish(() => resolve(match));
        };
        const timer = setTimeout(() => finish(() => reject(new Error(`the terminal did not show ${pattern}, but:\n${text}`))), timeoutMs);
        wakers.add(look);
        look();
      });
    },
  };
}
