import assert from "node:assert/strict";
import { test } from "node:test";
import { partsOf } from "#client/part.ts";
import { type Change, Contents, type View } from "#client/view.ts";
import { Pod } from "#kinds/core/v1/pod.ts";

test("each part sees its own objects come, change, go and move; a listener that has ended hears nothing", () => {
  const contents = new Contents<Pod>();
  let revision = 0;
  const pod = (name: string, uid: string, nodeName?: string) =>
    ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "x", uid, resourceVersion: String(++revision) },
      spec: { containers: [], ...(nodeName && { nodeName }) },
    }) as unknown as Pod;
  const whole: View<Pod> = {
    kind: Pod,
    get: (name, namespace) => contents.get(name, namespace),
    list: namespace => contents.list(namespace),
    by: (index, key) => contents.by(index, key),
    index: (name, keysOf) => contents.index(name, keysOf),
    onChange: changed => contents.onChange(changed),
    timed: of => contents.timed(of, () => 0),
    arrivedAt: (name, namespace) => contents.arrivedAt(name, namespace),
    synced: true,
    ready: async () => undefined,
    get size() {
      return contents.size;
    },
  };
  contents.put(pod("a", "1", "n1"));
  const partOf = partsOf(whole, "node", p => p.spec.nodeName || undefined);
  const heard: string[] = [];
  const hear =
    (who: string) =>
    ({ object, old }: Change<Pod>) =>
      heard.push(`${who} ${old?.metadata.uid ?? "-"}>${object?.metadata.uid ?? "-"}`);
  const end = partOf("n1").onChange(hear("n1"));
  partOf("n2").onChange(hear("n2"));
  contents.put(pod("b", "2"));
  contents.put(pod("b", "2", "n2"));
  contents.put(pod("a", "3", "n2"));
  assert.deepEqual(heard.splice(0), ["n1 ->1", "n2 ->2", "n1 1>-", "n2 ->3"]);
  assert.deepEqual([partOf("n1").size, partOf("n2").size], [0, 2]);
  assert.equal(partOf("n1").get("a", "x"), undefined);
  assert.equal(partOf("n2").get("a", "x")?.metadata.uid, "3");
  assert.equal(partOf("n2").list("y").length, 0);
  end();
  contents.put(pod("c", "4", "n1"));
  contents.drop(pod("b", "2", "n2"));
  assert.deepEqual(heard, ["n2 2>-"]);
});
