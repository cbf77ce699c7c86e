/** etcd's errors as its clients know them: the exact text and gRPC code of each (its api/v3rpc/rpctypes/error.go). */
import { RpcError, rpcCode } from "#base/rpc.ts";
import { Compacted, FutureRevision, InvalidTxn, KeyNotFound, LeaseExists, LeaseNotFound, NoSpace, StoreClosed } from "#store/contract.ts";

const { invalidArgument, notFound, failedPrecondition, outOfRange, resourceExhausted, unavailable, unauthenticated, permissionDenied } =
  rpcCode;
const ERRORS = {
  emptyKey: [invalidArgument, "key is not provided"],
  keyNotFound: [invalidArgument, "key not found"],
  valueProvided: [invalidArgument, "value is provided"],
  leaseProvided: [invalidArgument, "lease is provided"],
  tooManyOps: [invalidArgument, "too many operations in txn request"],
  duplicateKey: [invalidArgument, "duplicate key given in txn request"],
  invalidSortOption: [invalidArgument, "invalid sort option"],
  compacted: [outOfRange, "mvcc: required revision has been compacted"],
  futureRevision: [outOfRange, "mvcc: required revision is a future revision"],
  noSpace: [resourceExhausted, "mvcc: database space exceeded"],
  leaseNotFound: [notFound, "requested lease not found"],
  leaseExists: [failedPrecondition, "lease already exists"],
  leaseTtlTooLarge: [outOfRange, "too large lease TTL"],
  memberBadUrls: [invalidArgument, "given member URLs are invalid"],
  memberNotFound: [notFound, "member not found"],
  memberNotLearner: [failedPrecondition, "can only promote a learner member"],
  notEnoughMembers: [failedPrecondition, "re-configuration failed due to not enough started members"],
  peerUrlExists: [failedPrecondition, "Peer URLs already exists"],
  requestTooLarge: [invalidArgument, "request is too large"],
  rootUserMissing: [failedPrecondition, "root user does not exist"],
  rootRoleMissing: [failedPrecondition, "root user does not have root role"],
  userExists: [failedPrecondition, "user name already exists"],
  userEmpty: [invalidArgument, "user name is empty"],
  userNotFound: [failedPrecondition, "user name not found"],
  roleExists: [failedPrecondition, "role name already exists"],
  roleNotFound: [failedPrecondition, "role name not found"],
  roleEmpty: [invalidArgument, "role name is empty"],
  authFailed: [invalidArgument, "authentication failed, invalid user ID or password"],
  permissionNotGiven: [invalidArgument, "permission not given"],
  permissionDenied: [permissionDenied, "permission denied"],
  roleNotGranted: [failedPrecondition, "role is not granted to the user"],
  permissionNotGranted: [failedPrecondition, "permission is not granted to the role"],
  authNotEnabled: [failedPrecondition, "authentication is not enabled"],
  invalidAuthToken: [unauthenticated, "invalid auth token"],
  authOldRevision: [invalidArgument, "revision of auth store is old"],
  invalidAuthManagement: [invalidArgument, "invalid auth management"],
  stopped: [unavailable, "server stopped"],
  badLeaderTransferee: [failedPrecondition, "bad leader transferee"],
  downgradeTarget: [invalidArgument, "invalid downgrade target version"],
  downgradeFormat: [invalidArgument, "wrong downgrade target version format"],
} as const;

export function etcdError(name: keyof typeof ERRORS): RpcError {
  const [code, text] = ERRORS[name];
  return new RpcError(code, `etcdserver: ${text}`);
}

/** How an error of the store, or any other, is told to a client. */
export function rpcErrorOf(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof Compacted) return etcdError("compacted");
  if (error instanceof FutureRevision) return etcdError("futureRevision");
  if (error instanceof NoSpace) return etcdError("noSpace");
  if (error instanceof LeaseNotFound) return etcdError("leaseNotFound");
  if (error instanceof LeaseExists) return etcdError("leaseExists");
  if (error instanceof KeyNotFound) return etcdError("keyNotFound");
  if (error instanceof InvalidTxn) return new RpcError(invalidArgument, error.message);
  if (error instanceof StoreClosed) return etcdError("stopped");
  return new RpcError(rpcCode.unknown, error instanceof Error ? error.message : String(error));
}
