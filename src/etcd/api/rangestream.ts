/** etcd's RangeStream: a range in parts, so that neither side has to hold all of it. */
import type { Input } from "#base/message.ts";
import { type Call, type Channel, RpcError, rpcCode } from "#base/rpc.ts";
import type { calls } from "#etcd/calls.ts";
import type { RangeResponse } from "#etcd/messages.ts";
import type { Entry } from "#store/contract.ts";
import { checkRange, isFiltered, isSorted, rangeOf } from "./range.ts";
import { headerOf, type Server } from "./server.ts";

type StreamChannel = Channel<typeof calls.rangeStream.input, typeof calls.rangeStream.output>;
/** The sort order that leaves the order to the store. */
const NONE = 0;
/** What an entry counts beside its key and value. */
const OVERHEAD = 64;

/** All parts are of one revision; the last alone says which, how many keys there are, and whether the limit cut them. */
export async function streamRange(server: Server, channel: StreamChannel, call: Call): Promise<void> {
  const { store, auth } = server;
  const request = await channel.next();
  if (!request) return;
  checkRange(request);
  if (request.sortOrder !== NONE && isSorted(request))
    throw new RpcError(rpcCode.unimplemented, "RangeStream does not support custom sort orders");
  if (isFiltered(request)) throw new RpcError(rpcCode.unimplemented, "RangeStream does not support revision filters");
  if (auth.enabled) auth.mayRead(call, request.key, request.rangeEnd);
  const [from, to] = rangeOf(request.key, request.rangeEnd);
  const { keysOnly, countOnly } = request;
  const limit = Math.max(0, request.limit);
  const header = headerOf(server);
  const revision = Math.max(0, request.revision) || header.revision;
  const send = (rangeResponse: Input<typeof RangeResponse>) => channel.send({ rangeResponse });
  if (countOnly) return send({ header, count: (await store.range(from, to, { revision, countOnly })).count });

  let sent = 0;
  let part: Entry[] = [];
  let bytes = 0;
  for await (const entries of store.scan(from, to, { revision, limit, keysOnly }))
    for (const entry of entries) {
      const size = OVERHEAD + entry.key.length + entry.value.length;
      if (part.length > 0 && bytes + size > server.requestBytes) {
        await send({ kvs: part });
        part = [];
        bytes = 0;
      }
      part.push(entry);
      bytes += size;
      sent++;
    }
  const last = part.at(-1);
  const left = last && sent === limit ? (await store.range(`${last.key}\0`, to, { revision, countOnly: true })).count : 0;
  await send({ header, kvs: part, more: left > 0, count: sent + left });
}
