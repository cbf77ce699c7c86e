/** etcd's flags that the command lines of unit files and manifests carry, and that mean nothing to a store without raft, peers and bbolt. */
const NAMES = `
  client-cert-file client-key-file distributed-tracing-address distributed-tracing-instance-id distributed-tracing-sampling-rate
  distributed-tracing-service-name enable-distributed-tracing enable-lease-checkpoint-persist enable-log-rotation force-new-cluster
  log-package-levels log-rotation-config-json peer-auto-tls peer-cert-allowed-cn peer-cert-allowed-hostname peer-client-cert-file
  peer-client-key-file peer-crl-file peer-skip-client-san-verification socket-reuse-address socket-reuse-port stop-grpc-service-on-defrag
  backend-batch-interval backend-batch-limit backend-bbolt-freelist-type bootstrap-defrag-threshold-megabytes
  compact-hash-check-enabled compact-hash-check-time compaction-batch-limit compaction-sleep-interval corrupt-check-time downgrade-check-time
  election-timeout enable-grpc-gateway enable-lease-checkpoint enable-pprof enable-v2 feature-gates grpc-keepalive-interval
  grpc-keepalive-min-time grpc-keepalive-timeout heartbeat-interval initial-cluster-token initial-corrupt-check
  initial-election-tick-advance log-format log-level log-outputs logger max-concurrent-streams max-learners max-snapshots max-wals
  memory-mlock metrics peer-cert-file peer-client-cert-auth peer-key-file peer-trusted-ca-file pre-vote raft-read-timeout
  raft-write-timeout snapshot-catchup-entries snapshot-count strict-reconfig-check txn-mode-write-with-shared-buffer unsafe-no-fsync
  v2-deprecation wal-dir warning-apply-duration warning-unary-request-duration
`;
export const PASSED_OVER: readonly string[] = NAMES.trim()
  .split(/\s+/)
  .flatMap(name => [name, `experimental-${name}`]);
