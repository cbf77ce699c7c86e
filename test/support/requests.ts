/** A client that asks again and again, each time over a new connection, and counts what it lost. */
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export interface Answer {
  readonly status: number;
  readonly text: string;
}
/** One GET over a connection of its own; rejects when there is no whole answer in time. */
export function get(url: string, timeoutMs = 5000): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent: false, timeout: timeoutMs }, response => {
      let text = "";
      response.on("data", chunk => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      response.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    request.on("error", reject);
  });
}

export interface Load {
  readonly asked: () => number;
  /** What went wrong, with the time of it. */
  readonly lost: readonly string[];
  /** Every different text that was answered. */
  readonly texts: ReadonlySet<string>;
  stop(): Promise<void>;
}
/** `workers` clients in turn ask `url`, some 20 times a second each, until stopped. */
export function load(url: string, workers = 4): Load {
  let going = true;
  let asked = 0;
  const lost: string[] = [];
  const texts = new Set<string>();
  const work = async () => {
    while (going) {
      asked++;
      const began = new Date().toISOString();
      await get(url).then(
        answer => {
          if (answer.status === 200) texts.add(answer.text.trim());
          else lost.push(`${began} status ${answer.status}`);
        },
        (error: Error) => lost.push(`${began} ${error.message}`),
      );
      await sleep(50);
    }
  };
  const all = Promise.all(Array.from({ length: workers }, work));
  return {
    asked: () => asked,
    lost,
    texts,
    async stop() {
      going = false;
      await all;
    },
  };
}
