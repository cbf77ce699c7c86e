/** The messages of etcd's services besides keys, watches and leases: maintenance, membership, users and roles, locks, elections, health. */
import { message, method, repeated } from "#base/message.ts";
import { KeyValue, ResponseHeader } from "#etcd/messages.ts";

const Empty = message({});
const HeaderOnly = message({ header: [1, ResponseHeader] });

export const AlarmMember = message({ memberId: [1, "uint64"], alarm: [2, "int32"] });
export const AlarmRequest = message({ action: [1, "int32"], memberId: [2, "uint64"], alarm: [3, "int32"] });
const AlarmResponse = message({ header: [1, ResponseHeader], alarms: [2, repeated(AlarmMember)] });
const HashResponse = message({ header: [1, ResponseHeader], hash: [2, "uint32"] });
const HashKVRequest = message({ revision: [1, "int64"] });
const HashKVResponse = message({
  header: [1, ResponseHeader],
  hash: [2, "uint32"],
  compactRevision: [3, "int64"],
  hashRevision: [4, "int64"],
});
const SnapshotResponse = message({
  header: [1, ResponseHeader],
  remainingBytes: [2, "uint64"],
  blob: [3, "bytes"],
  version: [4, "string"],
});
const MoveLeaderRequest = message({ targetId: [1, "uint64"] });
export const DowngradeRequest = message({ action: [1, "int32"], version: [2, "string"] });
const DowngradeResponse = message({ header: [1, ResponseHeader], version: [2, "string"] });

const maintenance = "/etcdserverpb.Maintenance";
export const maintenanceCalls = {
  alarm: method(`${maintenance}/Alarm`, AlarmRequest, AlarmResponse),
  defragment: method(`${maintenance}/Defragment`, Empty, HeaderOnly),
  hash: method(`${maintenance}/Hash`, Empty, HashResponse),
  hashKV: method(`${maintenance}/HashKV`, HashKVRequest, HashKVResponse),
  snapshot: method(`${maintenance}/Snapshot`, Empty, SnapshotResponse),
  moveLeader: method(`${maintenance}/MoveLeader`, MoveLeaderRequest, HeaderOnly),
  downgrade: method(`${maintenance}/Downgrade`, DowngradeRequest, DowngradeResponse),
} as const;

export const Member = message({
  id: [1, "uint64"],
  name: [2, "string"],
  peerUrls: [3, repeated("string")],
  clientUrls: [4, repeated("string")],
  isLearner: [5, "bool"],
});
const MemberId = message({ id: [1, "uint64"] });
const Members = message({ header: [1, ResponseHeader], members: [2, repeated(Member)] });
const MemberAddRequest = message({ peerUrls: [1, repeated("string")], isLearner: [2, "bool"] });
const MemberAddResponse = message({ header: [1, ResponseHeader], member: [2, Member], members: [3, repeated(Member)] });
const MemberUpdateRequest = message({ id: [1, "uint64"], peerUrls: [2, repeated("string")] });
const MemberListRequest = message({ linearizable: [1, "bool"] });

const cluster = "/etcdserverpb.Cluster";
export const clusterCalls = {
  add: method(`${cluster}/MemberAdd`, MemberAddRequest, MemberAddResponse),
  remove: method(`${cluster}/MemberRemove`, MemberId, Members),
  update: method(`${cluster}/MemberUpdate`, MemberUpdateRequest, Members),
  list: method(`${cluster}/MemberList`, MemberListRequest, Members),
  promote: method(`${cluster}/MemberPromote`, MemberId, Members),
} as const;

export const Permission = message({ permType: [1, "int32"], key: [2, "latin1"], rangeEnd: [3, "latin1"] });
const AuthStatusResponse = message({ header: [1, ResponseHeader], enabled: [2, "bool"], authRevision: [3, "uint64"] });
const AuthenticateRequest = message({ name: [1, "string"], password: [2, "string"] });
const AuthenticateResponse = message({ header: [1, ResponseHeader], token: [2, "string"] });
const Named = message({ name: [1, "string"] });
const Role = message({ role: [1, "string"] });
const UserAddRequest = message({
  name: [1, "string"],
  password: [2, "string"],
  options: [3, message({ noPassword: [1, "bool"] })],
  hashedPassword: [4, "string"],
});
const ChangePasswordRequest = message({ name: [1, "string"], password: [2, "string"], hashedPassword: [3, "string"] });
const UserRoles = message({ header: [1, ResponseHeader], roles: [2, repeated("string")] });
const Users = message({ header: [1, ResponseHeader], users: [2, repeated("string")] });
const GrantRoleRequest = message({ user: [1, "string"], role: [2, "string"] });
const RevokeRoleRequest = message({ name: [1, "string"], role: [2, "string"] });
const RoleGetResponse = message({ header: [1, ResponseHeader], perm: [2, repeated(Permission)] });
const GrantPermissionRequest = message({ name: [1, "string"], perm: [2, Permission] });
const RevokePermissionRequest = message({ role: [1, "string"], key: [2, "latin1"], rangeEnd: [3, "latin1"] });

const auth = "/etcdserverpb.Auth";
export const authCalls = {
  enable: method(`${auth}/AuthEnable`, Empty, HeaderOnly),
  disable: method(`${auth}/AuthDisable`, Empty, HeaderOnly),
  status: method(`${auth}/AuthStatus`, Empty, AuthStatusResponse),
  authenticate: method(`${auth}/Authenticate`, AuthenticateRequest, AuthenticateResponse),
  userAdd: method(`${auth}/UserAdd`, UserAddRequest, HeaderOnly),
  userGet: method(`${auth}/UserGet`, Named, UserRoles),
  userList: method(`${auth}/UserList`, Empty, Users),
  userDelete: method(`${auth}/UserDelete`, Named, HeaderOnly),
  userChangePassword: method(`${auth}/UserChangePassword`, ChangePasswordRequest, HeaderOnly),
  userGrantRole: method(`${auth}/UserGrantRole`, GrantRoleRequest, HeaderOnly),
  userRevokeRole: method(`${auth}/UserRevokeRole`, RevokeRoleRequest, HeaderOnly),
  roleAdd: method(`${auth}/RoleAdd`, Named, HeaderOnly),
  roleGet: method(`${auth}/RoleGet`, Role, RoleGetResponse),
  roleList: method(`${auth}/RoleList`, Empty, UserRoles),
  roleDelete: method(`${auth}/RoleDelete`, Role, HeaderOnly),
  roleGrantPermission: method(`${auth}/RoleGrantPermission`, GrantPermissionRequest, HeaderOnly),
  roleRevokePermission: method(`${auth}/RoleRevokePermission`, RevokePermissionRequest, HeaderOnly),
} as const;

const LockRequest = message({ name: [1, "latin1"], lease: [2, "id64"] });
const LockResponse = message({ header: [1, ResponseHeader], key: [2, "latin1"] });
const UnlockRequest = message({ key: [1, "latin1"] });

export const lockCalls = {
  lock: method("/v3lockpb.Lock/Lock", LockRequest, LockResponse),
  unlock: method("/v3lockpb.Lock/Unlock", UnlockRequest, HeaderOnly),
} as const;

export const LeaderKey = message({ name: [1, "latin1"], key: [2, "latin1"], rev: [3, "int64"], lease: [4, "id64"] });
const CampaignRequest = message({ name: [1, "latin1"], lease: [2, "id64"], value: [3, "bytes"] });
const CampaignResponse = message({ header: [1, ResponseHeader], leader: [2, LeaderKey] });
const LeaderRequest = message({ name: [1, "latin1"] });
export const LeaderResponse = message({ header: [1, ResponseHeader], kv: [2, KeyValue] });
const ResignRequest = message({ leader: [1, LeaderKey] });
const ProclaimRequest = message({ leader: [1, LeaderKey], value: [2, "bytes"] });

const election = "/v3electionpb.Election";
export const electionCalls = {
  campaign: method(`${election}/Campaign`, CampaignRequest, CampaignResponse),
  proclaim: method(`${election}/Proclaim`, ProclaimRequest, HeaderOnly),
  leader: method(`${election}/Leader`, LeaderRequest, LeaderResponse),
  observe: method(`${election}/Observe`, LeaderRequest, LeaderResponse),
  resign: method(`${election}/Resign`, ResignRequest, HeaderOnly),
} as const;

const HealthRequest = message({ service: [1, "string"] });
const HealthResponse = message({ status: [1, "int32"] });
export const healthCalls = {
  check: method("/grpc.health.v1.Health/Check", HealthRequest, HealthResponse),
  watch: method("/grpc.health.v1.Health/Watch", HealthRequest, HealthResponse),
} as const;
