/** A real, headless Chromium over its own protocol (https://chromedevtools.github.io/devtools-protocol/): open a page, ask it, look at it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome"].flatMap(name =>
  ["/usr/bin", "/usr/local/bin"].map(at => `${at}/${name}`),
);
/** Undefined: there is none on this machine. */
export const chromium: string | undefined = PROGRAMS.find(existsSync);
const QUIET = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--remote-debugging-port=0",
];
const PATIENCE_MS = 30_000;

export interface Page {
  /** The value of an expression in the page, awaited. Throws what it throws. */
  evaluate<T>(expression: string): Promise<T>;
  /** A PNG. */
  picture(): Promise<Uint8Array>;
  /** What the page wrote to its console as an error, and what it threw. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: {
    readonly exceptionDetails?: Exception;
    readonly type?: string;
    readonly args?: readonly { readonly value?: unknown }[];
  };
  readonly result?: { readonly result?: { readonly value?: unknown }; readonly exceptionDetails?: Exception; readonly data?: string };
  readonly error?: { readonly message: string };
}
interface Exception {
  readonly text: string;
  readonly exception?: { readonly description?: string };
}
const said = (e: Exception) => e.exception?.description ?? e.text;

/** Opens `url` in a browser of its own. */
export async function openPage(url: string): Promise<Page> {
  if (!chromium) throw new Error("no Chromium on this machine");
  const profile = mkdtempSync(path.join(tmpdir(), "cox-chromium-"));
  const browser = spawn(chromium, [...QUIET, `--user-data-dir=${profile}`, "--window-size=1280,800", "about:blank"], { stdio: "ignore" });
  const ended = once(browser, "exit");
  const close = async () => {
    browser.kill("SIGKILL");
    await ended;
    // Its children let go of the profile a moment later.
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  try {
    const socket = new WebSocket(await pageAddress(profile));
    await once(socket, "open");
    return { ...(await pageOver(socket, url)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function pageAddress(profile: string): Promise<string> {
  const file = path.join(profile, "DevToolsActivePort");
  for (const until = performance.now() + PATIENCE_MS; performance.now() < until; await sleep(50)) {
    const port = existsSync(file) ? readFileSync(file, "utf8").split("\n")[0] : "";
    if (!port) continue;
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as { type: string; webSocketDebuggerUrl: string }[];
    const page = targets.find(t => t.type === "page");
    if (page) return page.webSocketDebuggerUrl;
  }
  throw new Error("Chromium did not start");
}

async function pageOver(socket: WebSocket, url: string): Promise<Omit<Page, "close">> {
  const waiting = new Map<number, (message: Message) => void>();
  const complaints: string[] = [];
  let serial = 0;
  socket.addEventListener("message", event => {
    const message = JSON.parse(event.data as string) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    else if (message.method === "Runtime.exceptionThrown") complaints.push(said(message.params!.exceptionDetails!));
    else if (message.method === "Runtime.consoleAPICalled" && message.params!.type === "error")
      complaints.push(message.params!.args!.map(a => String(a.value)).join(" "));
  });
  const call = async (method: string, params: object = {}) => {
    const id = ++serial;
    const answer = await new Promise<Message>(resolve => {
      waiting.set(id, resolve);
      socket.send(JSON.stringify({ id, method, params }));
    });
    waiting.delete(id);
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result!;
  };
  await call("Runtime.enable");
  await call("Page.enable");
  await call("Page.navigate", { url });
  return {
    complaints,
    async evaluate<T>(expression: string): Promise<T> {
      const { result, exceptionDetails } = await call("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
      if (exceptionDetails) throw new Error(said(exceptionDetails));
      return result?.value as T;
    },
    picture: async () => Uint8Array.fromBase64((await call("Page.captureScreenshot")).data!),
  };
}
