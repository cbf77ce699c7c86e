/** The page's terminal: a line in, what kubectl prints out; the arrow keys bring back earlier lines. */
import type { Kubectl } from "#kubectl/kubectl.ts";

export interface TerminalParts {
  readonly screen: HTMLElement;
  readonly form: HTMLFormElement;
  readonly line: HTMLInputElement;
  readonly kubectl: Kubectl;
}
export interface Terminal {
  /** Runs a line as if it had been typed. */
  run(line: string): Promise<void>;
}
const HISTORY = 200;

export function createTerminal({ screen, form, line, kubectl }: TerminalParts): Terminal {
  const earlier: string[] = [];
  let at = 0;
  const print = (text: string, kind = "") => {
    const row = document.createElement("div");
    row.className = kind;
    row.textContent = text;
    screen.append(row);
    screen.scrollTop = screen.scrollHeight;
  };
  const run = async (words: string) => {
    print(`$ ${words}`, "asked");
    if (words === "clear") return screen.replaceChildren();
    await kubectl.run(words, print);
  };
  form.addEventListener("submit", event => {
    event.preventDefault();
    const words = line.value.trim();
    line.value = "";
    if (!words) return;
    earlier.push(words);
    if (earlier.length > HISTORY) earlier.shift();
    at = earlier.length;
    void run(words);
  });
  line.addEventListener("keydown", event => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    at = Math.max(0, Math.min(earlier.length, at + (event.key === "ArrowUp" ? -1 : 1)));
    line.value = earlier[at] ?? "";
  });
  return { run };
}
