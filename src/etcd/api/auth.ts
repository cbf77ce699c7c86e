/** Who calls, and whether it may: etcd's users, roles and ranges, kept in the store beside its revisions. */
import { utf8 } from "#base/bytes.ts";
import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import type { Value } from "#base/message.ts";
import { type Call, RpcError, rpcCode } from "#base/rpc.ts";
import type { DeleteRangeRequest, PutRequest } from "#etcd/messages.ts";
import { type Key, type LeaseId, LeaseNotFound, type LocalStore } from "#store/contract.ts";
import { readUsers, writeUsers } from "./authrecords.ts";
import { bcryptHash, bcryptMatches, MAX_PASSWORD } from "./bcrypt.ts";
import { etcdError } from "./errors.ts";
import { covers, type Ranges, READ, unionOf, WRITE } from "./permissions.ts";
import type { Known, Tokens } from "./tokens.ts";
import type { Request, Txn } from "./txn.ts";
import { ROOT, type Users, userOf } from "./users.ts";

export interface AuthOptions {
  readonly store: LocalStore;
  readonly clock: Clock;
  readonly chance: Chance;
  /** Lets others go on while a password is hashed. */
  readonly turn: () => Promise<void>;
  readonly tokens: Tokens;
  /** How slow it is to try passwords (bcrypt's cost). */
  readonly cost?: number;
  /** Take a verified client certificate's common name as its user (etcd: --client-cert-auth). */
  readonly certificates: boolean;
}

/** What a user may, worked out once for each state. */
interface Rights {
  readonly root: boolean;
  readonly read: Ranges;
  readonly write: Ranges;
}

export class Auth {
  private readonly options: AuthOptions;
  private state: Users;
  private rights = new Map<string, Rights>();
  private turn: Promise<unknown> = Promise.resolve();

  constructor(options: AuthOptions) {
    this.options = options;
    this.state = readUsers(options.store.meta);
  }
  get enabled(): boolean {
    return this.state.enabled;
  }
  get users(): Users {
    return this.state;
  }

  /** Changes one after another; each is durable before it holds. */
  change(step: (users: Users) => Users): Promise<void> {
    const mine = this.turn.then(async () => {
      const next = step(this.state);
      if (next === this.state) return;
      await writeUsers(this.options.store.meta, this.state, next);
      if (!next.enabled) this.options.tokens.clear();
      this.state = next;
      this.rights = new Map();
    });
    this.turn = mine.catch(() => {});
    return mine;
  }
  forgetTokens(user: string): void {
    this.options.tokens.forgetUser(user);
  }
  /** What is kept of a password. */
  hash(password: string): Promise<string> {
    if (utf8(password).length > MAX_PASSWORD) {
      throw new RpcError(rpcCode.unknown, `bcrypt: password length exceeds ${MAX_PASSWORD} bytes`);
    }
    return bcryptHash(password, this.options.chance.bytes(16), this.options.turn, this.options.cost);
  }
  /** A token for a user who proves itself by its password. */
  async authenticate(name: string, password: string): Promise<string> {
    if (!this.enabled) throw etcdError("authNotEnabled");
    const user = Object.hasOwn(this.state.users, name) ? this.state.users[name] : undefined;
    if (!user) throw etcdError("authFailed");
    if (user.password === undefined) {
      throw new RpcError(rpcCode.unknown, "auth: authentication failed, password was given for no password user");
    }
    const { revision } = this.state;
    if (!(await bcryptMatches(password, user.password, this.options.turn))) throw etcdError("authFailed");
    // A change meanwhile may have been of this password.
    if (revision !== this.state.revision) return this.authenticate(name, password);
    return this.options.tokens.give(name, { revision: this.options.store.revision, authRevision: revision });
  }

  /** The user who calls; undefined: nobody that is known. Throws when its token does not hold. */
  userOf(call: Call): string | undefined {
    return this.knownOf(call)?.name;
  }
  private knownOf(call: Call): Known | undefined {
    const given = call.headers.token ?? call.headers.authorization;
    if (given !== undefined) {
      const known = this.options.tokens.known(given.replace(/^Bearer /, ""));
      if (known === undefined) throw etcdError("invalidAuthToken");
      return known;
    }
    const name = this.options.certificates ? call.peer?.certificate?.commonName : undefined;
    return name ? { name } : undefined;
  }
  /** Anyone who has a user. */
  mustBeKnown(call: Call): void {
    this.callerOf(call);
  }
  mustBeAdmin(call: Call): void {
    const caller = this.callerOf(call);
    if (caller === undefined) return;
    if (!userOf(this.state, caller.name).roles.includes(ROOT)) throw etcdError("permissionDenied");
  }
  /** Admins, and users about themselves or roles of theirs. */
  mustBeAdminOr(call: Call, also: (name: string) => boolean): void {
    if (!this.enabled) return;
    const name = this.userOf(call);
    if (name === undefined || !also(name)) this.mustBeAdmin(call);
  }
  /** Undefined: nobody is asked who they are. */
  private callerOf(call: Call): Known | undefined {
    if (!this.enabled) return undefined;
    const known = this.knownOf(call);
    if (known === undefined) throw etcdError("userEmpty");
    return known;
  }

  mayRead(call: Call, key: Key, rangeEnd: Key): void {
    this.may(call, READ, key, rangeEnd);
  }
  mayDelete(call: Call, { key, rangeEnd, prevKv }: Value<typeof DeleteRangeRequest>): void {
    if (prevKv) this.mayRead(call, key, rangeEnd);
    this.may(call, WRITE, key, rangeEnd);
  }
  async mayPut(call: Call, { key, lease, prevKv }: Value<typeof PutRequest>): Promise<void> {
    this.may(call, WRITE, key, "");
    if (lease !== 0n) await this.mayAttach(call, lease);
    if (prevKv) this.mayRead(call, key, "");
  }
  async mayTransact(call: Call, txn: Txn): Promise<void> {
    for (const { key, rangeEnd } of txn.compare) this.mayRead(call, key, rangeEnd);
    for (const request of [...txn.success, ...txn.failure]) await this.mayDo(call, request);
  }
  private async mayDo(call: Call, { requestRange, requestPut, requestDeleteRange, requestTxn }: Request): Promise<void> {
    if (requestRange) this.mayRead(call, requestRange.key, requestRange.rangeEnd);
    else if (requestPut) await this.mayPut(call, requestPut);
    else if (requestDeleteRange) this.mayDelete(call, requestDeleteRange);
    else if (requestTxn) await this.mayTransact(call, requestTxn);
  }
  /** To attach a key to a lease, or to end the lease, is to be able to delete all its keys. */
  async mayAttach(call: Call, lease: LeaseId): Promise<void> {
    for (const key of await this.keysOf(lease)) this.may(call, WRITE, key, "");
  }
  async mayReadLease(call: Call, lease: LeaseId): Promise<void> {
    for (const key of await this.keysOf(lease)) this.may(call, READ, key, "");
  }

  private async keysOf(lease: LeaseId): Promise<readonly Key[]> {
    try {
      return (await this.options.store.timeToLive(lease)).keys;
    } catch (error) {
      if (error instanceof LeaseNotFound) return [];
      throw error;
    }
  }
  private may(call: Call, kind: typeof READ | typeof WRITE, key: Key, rangeEnd: Key): void {
    const caller = this.callerOf(call);
    if (caller === undefined) return;
    // What has changed since it logged in may be about it: it logs in again.
    if (caller.revision !== undefined && caller.revision < this.state.revision) throw etcdError("authOldRevision");
    const rights = this.rightsOf(caller.name);
    if (!rights || !(rights.root || covers(kind === READ ? rights.read : rights.write, key, rangeEnd))) throw etcdError("permissionDenied");
  }
  private rightsOf(name: string): Rights | undefined {
    const known = this.rights.get(name);
    if (known) return known;
    const { users, roles } = this.state;
    const user = Object.hasOwn(users, name) ? users[name] : undefined;
    if (!user) return undefined;
    const permissions = user.roles.flatMap(role => (Object.hasOwn(roles, role) ? roles[role]! : []));
    const rights = { root: user.roles.includes(ROOT), read: unionOf(permissions, READ), write: unionOf(permissions, WRITE) };
    this.rights.set(name, rights);
    return rights;
  }
}
