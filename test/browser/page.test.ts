import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { buildPage } from "../../tools/browser.ts";
import { chromium, openPage, type Page } from "../support/chromium.ts";
import { eventually } from "../support/eventually.ts";

const none = chromium ? false : "no Chromium on this machine";
/** What the page begins with: a bound that tells when something large has come in by accident, in bytes gzipped. */
const MOST = 290 * 1024;

const directory = mkdtempSync(path.join(tmpdir(), "cox-page-"));
/** Files of the page that the browser has asked for. */
const asked: string[] = [];
const server = createServer((request, response) => {
  const at = request.url ?? "";
  const name = at === "/" ? "index.html" : at.slice(1);
  if (!readdirSync(directory).includes(name)) return response.writeHead(404).end();
  asked.push(name);
  const type = name.endsWith(".js") ? "text/javascript" : "text/html";
  response.writeHead(200, { "content-type": type }).end(readFileSync(path.join(directory, name)));
});
let page: Page | undefined;

before(async () => {
  const { bytes, gzipped } = (await buildPage(directory)).program;
  console.log(`  the page's program: ${(bytes / 1024).toFixed(0)} KiB, ${(gzipped / 1024).toFixed(0)} KiB gzipped`);
  assert.ok(gzipped < MOST, `${gzipped} bytes`);
  if (!chromium) return;
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  page = await openPage(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});
after(async () => {
  await page?.close();
  server.close();
  rmSync(directory, { recursive: true });
});

const opened = (): Page => page ?? assert.fail("the page is open");
const type = (words: string) =>
  opened().evaluate(`(() => {
    const line = document.getElementById("line");
    line.value = ${JSON.stringify(words)};
    document.getElementById("ask").requestSubmit();
  })()`);
const screen = () => opened().evaluate<string>(`document.getElementById("screen").innerText`);
const boxes = () =>
  opened().evaluate<{ node: string; pods: string[] }[]>(`[...document.querySelectorAll(".node")].map(n => ({
    node: n.querySelector("h2").firstChild.textContent,
    pods: [...n.querySelectorAll(".pod")].map(p => p.className),
  }))`);

test("a cluster comes up in a browser's tab, and takes commands", { skip: none, timeout: 120_000 }, async () => {
  await eventually("three nodes are drawn", async () =>
    assert.deepEqual(
      (await boxes()).map(b => b.node),
      ["node-1", "node-2", "node-3"],
    ),
  );
  await type("get nodes");
  await eventually("the prompt has answered", async () => assert.match(await screen(), /node-3 {3}Ready {4}<none> +\S+ +v1\.36/));
  await type("apply -f -");
  await eventually("all pods are drawn as ready, on every node", async () => {
    const drawn = await boxes();
    assert.deepEqual(
      drawn.flatMap(b => b.pods),
      Array(4).fill("pod ready"),
    );
    assert.ok(drawn.every(b => b.pods.length > 0));
  });
  await type("scale deploy/hello --replicas=7");
  await eventually("seven pods are drawn", async () => assert.equal((await boxes()).flatMap(b => b.pods).length, 7));
  await type("rollout status deploy/hello");
  await eventually("the rollout is told", async () => assert.match(await screen(), /deployment "hello" successfully rolled out/));
  assert.ok(!asked.some(name => name.startsWith("why-")), "what tells reasons is read when somebody asks");
  await type("why deploy/hello");
  await eventually("reasons are told", async () =>
    assert.match(await screen(), /deployment-controller: create ReplicaSet default\/hello-/),
  );
  await opened().evaluate(`(() => {
    [...document.querySelectorAll(".node")][1].querySelector("h2 button").click();
    const speed = document.getElementById("speed");
    speed.value = "60";
    speed.dispatchEvent(new Event("change"));
  })()`);
  await eventually("the node without power is NotReady", async () =>
    assert.match(await opened().evaluate(`document.querySelector(".node.away h2").innerText`), /node-2\s+NotReady.*switch on/s),
  );
  await eventually("its pods run elsewhere", async () => {
    const [first, , third] = await boxes();
    assert.deepEqual([...first!.pods, ...third!.pods].sort(), Array(7).fill("pod ready"));
  });
  await type("get nothing");
  await eventually("an error is told", async () =>
    assert.match(await screen(), /error: the server doesn't have a resource type "nothing"/),
  );
  assert.ok(asked.some(name => name.startsWith("why-")));
  assert.ok(!asked.some(name => /^(storageondisk|openapi|injector|keys)-/.test(name)), "nor is what nobody wanted");
  assert.deepEqual(opened().complaints, []);
});
