import { z } from 'zod';
import { FedStateError, isFedStateError } from '../domain/errors';
import { okSchema, withMember, type Access, type ConnectOptions, type MemberSession } from './connect';
import { CODES, hasCode } from './error';

export interface Role {
  readonly role: string;
  readonly db: string;
}

export interface UserSpec {
  readonly name: string;
  readonly password: string;
  /** Exactly these. */
  readonly roles: readonly Role[];
}

export interface SystemPasswords {
  readonly root: string;
  readonly clusterAdmin: string;
  readonly clusterMonitor: string;
}

export type UserOutcome = 'created' | 'updated' | 'present';

/** `clusterMonitor` also reads the oplog for the exporter. */
const systemUsers = (passwords: SystemPasswords): UserSpec[] => [
  { name: 'root', password: passwords.root, roles: [{ role: 'root', db: 'admin' }] },
  {
    name: 'clusterAdmin',
    password: passwords.clusterAdmin,
    roles: [{ role: 'clusterAdmin', db: 'admin' }],
  },
  {
    name: 'clusterMonitor',
    password: passwords.clusterMonitor,
    roles: [
      { role: 'clusterMonitor', db: 'admin' },
      { role: 'read', db: 'local' },
    ],
  },
];

const MAJORITY = { w: 'majority', wtimeout: 8_000 } as const;

const usersInfoSchema = z.looseObject({
  users: z.array(
    z.looseObject({
      user: z.string(),
      roles: z.array(z.looseObject({ role: z.string(), db: z.string() })),
    }),
  ),
});

/**
 * root, clusterAdmin and clusterMonitor with these passwords, as `__system`; what is right already is not touched.
 * @throws FedStateError NotPrimary; NotReady when a majority does not acknowledge in time
 */
export async function ensureSystemUsers(
  primaryHost: string,
  keyfile: string,
  passwords: SystemPasswords,
  options?: ConnectOptions,
): Promise<Record<string, UserOutcome>> {
  const access: Access = { credentials: { kind: 'keyfile', key: keyfile }, options };
  return ensureUsers(primaryHost, access, systemUsers(passwords));
}

/** Users of applications, kept in `admin`. `access` is root or `__system`. */
export async function ensureApplicationUsers(
  primaryHost: string,
  access: Access,
  users: readonly UserSpec[],
): Promise<Record<string, UserOutcome>> {
  return ensureUsers(primaryHost, access, users);
}

/** Whether root, clusterAdmin and clusterMonitor can sign in at a data-bearing member. */
export async function canSystemUsersSignIn(
  host: string,
  passwords: SystemPasswords,
  options?: ConnectOptions,
): Promise<boolean> {
  for (const { name, password } of systemUsers(passwords))
    if (!(await canSignIn(host, name, password, options))) return false;
  return true;
}

/** @throws FedStateError Unauthorized when the server refuses the password, Unreachable when it cannot be asked */
export async function signIn(
  host: string,
  username: string,
  password: string,
  options?: ConnectOptions,
): Promise<void> {
  await withMember(host, { credentials: { kind: 'user', username, password }, options }, (session) =>
    session.ask(okSchema, { ping: 1 }),
  );
}

/** As a member would, with one key. @throws FedStateError Unauthorized when it is refused, Unreachable when nobody answers */
export async function signInAsSystem(host: string, key: string, options?: ConnectOptions): Promise<void> {
  await withMember(host, { credentials: { kind: 'keyfile', key }, options }, (session) =>
    session.ask(okSchema, { ping: 1 }),
  );
}

async function canSignIn(
  host: string,
  username: string,
  password: string,
  options: ConnectOptions | undefined,
): Promise<boolean> {
  try {
    await signIn(host, username, password, options);
    return true;
  } catch (error) {
    if (isFedStateError(error, 'Unauthorized')) return false;
    throw error;
  }
}

async function ensureUsers(
  host: string,
  access: Access,
  users: readonly UserSpec[],
): Promise<Record<string, UserOutcome>> {
  for (const { name, password } of users)
    if (name === '' || password === '')
      throw new FedStateError(
        'InvalidSpec',
        `User "${name}" has no ${name === '' ? 'name' : 'password'}: give one.`,
        {
          user: name,
        },
      );
  return withMember(host, access, async (session) => {
    const outcomes: Record<string, UserOutcome> = {};
    for (const user of users) outcomes[user.name] = await ensureUser(session, user, access.options);
    return outcomes;
  });
}

async function ensureUser(
  session: MemberSession,
  user: UserSpec,
  options: ConnectOptions | undefined,
): Promise<UserOutcome> {
  const roles = user.roles.map(({ role, db }) => ({ role, db }));
  const found = (await session.ask(usersInfoSchema, { usersInfo: user.name })).users[0];
  if (found === undefined) {
    const command = { createUser: user.name, pwd: user.password, roles, writeConcern: MAJORITY };
    const created = await session.ask(okSchema, command).then(
      () => true,
      (error: unknown) => {
        // Another run was faster: what it made is checked below.
        if (hasCode(error, CODES.userExists)) return false;
        throw error;
      },
    );
    if (created) return 'created';
  }
  const change = {
    ...((await canSignIn(session.host, user.name, user.password, options)) ? {} : { pwd: user.password }),
    ...(found !== undefined && sameRoles(found.roles, roles) ? {} : { roles }),
  };
  if (Object.keys(change).length === 0) return 'present';
  await session.ask(okSchema, { updateUser: user.name, ...change, writeConcern: MAJORITY });
  return 'updated';
}

function sameRoles(a: readonly Role[], b: readonly Role[]): boolean {
  const names = (roles: readonly Role[]): string =>
    roles
      .map(({ role, db }) => `${role}@${db}`)
      .sort()
      .join();
  return names(a) === names(b);
}
