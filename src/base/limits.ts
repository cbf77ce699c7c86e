/** Every limit of the system, in one place. Sizes in bytes, times in milliseconds, unless the name says otherwise. */
export const limits = {
  /** Request bodies (upstream's 3 MiB); more is 413. */
  requestBody: 3 * 1024 * 1024,
  /** Operations in one JSON patch; more is 413. */
  jsonPatchOperations: 10_000,
  /** Nesting of a JSON or YAML document. */
  documentDepth: 100,
  /** Responses above this are gzipped when the client accepts it. */
  gzipAbove: 128 * 1024,
  /** Bytes kept for one slow watcher before it is cut off. */
  watchBuffer: 8 * 1024 * 1024,
  /** Bytes kept for all slow watchers of a store together; above it those with more than their share are cut off. */
  watchBuffers: 64 * 1024 * 1024,
  /** Requests in work at once, watches and other streams apart (upstream: --max-requests-inflight, --max-mutating-requests-inflight). */
  readsInFlight: 400,
  writesInFlight: 200,
  /** Longest time of a request that is no stream. */
  requestTimeout: 60_000,
  /** Bytes of the store's log, and events, after which its index is told of them; what the index lacks is replayed at a start. */
  storeFlushBytes: 32 * 1024 * 1024,
  storeFlushEvents: 32_768,
  /** Bytes of one segment of the store's log. */
  storeSegment: 32 * 1024 * 1024,
  /** Bytes of entries of ranges that the store keeps in memory, and for three quarters of it of those written lately. */
  storeCache: 64 * 1024 * 1024,
  /** Ranges that the store read without keeping them, and knows again when they are asked for once more. */
  storePassed: 4096,
  /** Keys whose hashes the store keeps, so that its index is not asked for others (8 MiB). */
  storeHashes: 1024 * 1024,
  /** Bytes of events that the store keeps in memory for watches that begin a little late; others read its log. */
  storeRecent: 4 * 1024 * 1024,
  /** Bytes of its log, read lately for such watchers, that it keeps in memory for the next. */
  storePieces: 16 * 1024 * 1024,
  /** Bytes kept free for the store on its disk, for deletions and compaction when there is no other room. */
  storeReserve: 16 * 1024 * 1024,
  /** Entries that are read, or swept, in one go. */
  storeBatch: 1000,
  /** Bytes of a store, above which nothing more is put (etcd: --quota-backend-bytes, at its suggested most). */
  storeSize: 8 * 1024 * 1024 * 1024,
  /** Bytes of events on one stream of etcd's Watch service that wait for its reader. */
  etcdWatchWaiting: 1024 * 1024,
  /** Bytes of a real etcd's latest events that are kept for watches that begin a little in the past. */
  etcdHistory: 16 * 1024 * 1024,
  /** Bytes of one answer of a real etcd. */
  etcdAnswer: 1024 * 1024 * 1024,
  /** A request to a real etcd with all its attempts, and the first of these. */
  etcdRequest: 30_000,
  etcdAttempt: 1_000,
  /** For how long a member of it is waited for alone. */
  etcdPatience: 300,
  /** URLs of requests within the process that are kept read. */
  knownRequests: 16_384,
  /** Keys of objects that were asked for by name. */
  knownKeys: 4096,
  /** User-Agents whose managers of fields are kept. */
  knownAgents: 1024,
  /** Users of nodes whose nodes are kept. */
  knownNodes: 16_384,
  /** Texts of quantities whose amounts are kept. */
  knownQuantities: 1024,
  /** Of a list in protobuf, whose length comes first: what is held while it is measured; the rest is made twice. */
  listHeld: 16 * 1024 * 1024,
  /** Records whose objects are kept parsed. */
  parsedObjects: 32 * 1024 * 1024,
  /** Room that is kept for objects to be written into as JSON; larger ones get more for a while. */
  jsonRoom: 64 * 1024,
  /** Watches open at once. */
  watches: 20_000,
  /** Update managers kept apart in managedFields before the oldest are merged. */
  updateManagers: 10,
  /** Outlines of new objects, for each kind, of which it is kept what a creation sets. */
  outlines: 200,
  /** Attempts at a generated name. */
  generateNameAttempts: 8,
  /** Attempts of a server-side read-modify-write (patch, status) before a conflict is answered. */
  transactionAttempts: 10,
  /** Service-account tokens whose signature is remembered as good. */
  verifiedTokens: 4096,
  /** Total size of annotations. */
  annotations: 256 * 1024,
  /** Data of a ConfigMap or Secret. */
  objectData: 1024 * 1024,
  /** Age after which lists and watches cannot go on from a revision. */
  compactionAge: 5 * 60_000,
  /** For how long, and for how many bytes of writes, the store keeps revisions beyond that (--history-age, --history-size). */
  historyAge: 60 * 60_000,
  historyBytes: 512 * 1024 * 1024,
  /** Changes of one object that an answer tells, and notes that are read again after a start to say why things are so. */
  historyItems: 500,
  historyReasons: 5_000,
  /** Characters of the reason that comes with a write. */
  causeText: 2_000,
  /** Operations in one transaction of the store. */
  txnOperations: 128,
  /** What `cox etcd --max-txn-ops` may set it to. */
  txnOperationsMost: 100_000,
  /** A key of the store (what the index takes, less its own marks). */
  storeKey: 1_900,
  /** Tries of a request that the server asks to repeat (429, 503 with Retry-After). */
  clientAttempts: 10,
  /** Events of one source that wait to be written; more are dropped. And how many distinct ones it remembers in order to count them. */
  eventsWaiting: 1000,
  eventsRemembered: 4096,
  /** Keys waiting in one loop's queue. */
  queueKeys: 1_000_000,
  /** Reasons remembered for `why`, per object and in all. */
  reasonsPerObject: 32,
  reasons: 20_000,
  /** Bindings of the scheduler on their way at once. */
  bindings: 64,
  /** What it keeps of each sort (verdicts, scores, counts of pods), in columns over the nodes; and changes by which these catch up. */
  schedulerColumns: 1000,
  schedulerJournal: 16_384,
  /** Milliseconds for which changes are gathered before packet rules, and zones, are made anew. */
  proxyGatherMs: 20,
  dnsGatherMs: 50,
  /** Bytes of one DNS message over TCP; over UDP the client's EDNS size, at most this. */
  dnsMessage: 64 * 1024,
  dnsUdp: 1232,
  /** How long one upstream name server is waited for, by UDP and by TCP. */
  dnsUpstreamMs: 2000,
  /** Questions waiting for upstream name servers, and TCP connections, at once. */
  dnsForwards: 1000,
  dnsConnections: 500,
  /** A process is idle after so many looks at which it had used less than this part of a core. */
  idleLookMs: 5_000,
  idleLooks: 2,
  idleUtilization: 0.05,
  /** Bytes of what the program of a simulated container prints; what comes after is left out. */
  simulatedLog: 1024 * 1024,
  /** Bytes of a request line and headers that such a container is sent from outside. */
  simulatedHead: 64 * 1024,
  /** Growth of an idle process's heap that makes it worth a collection, and the heap above which that is one short one. */
  idleGrowth: 6 * 1024 * 1024,
  idleThoroughHeap: 96 * 1024 * 1024,
} as const;
