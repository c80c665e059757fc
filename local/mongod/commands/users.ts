import { UUID } from 'bson';
import { parseRoles } from '../auth/authorization';
import { type Role, roleExists } from '../auth/roles';
import { type Mechanism, ScramError, isMechanism, makeCredential, mechanisms } from '../auth/scram';
import { type Doc, isDoc, isTruthy, readDoc, readList, readString, typeName } from '../doc';
import { CommandError } from '../error';
import type { Context } from '../server/context';
import { concernOf, settle, write } from './change';
import { type Command, define, ok, onDatabase } from './command';

const namespace = 'admin.system.users';

const bad = (message: string): CommandError => new CommandError(2, message);

const common = [
  'writeConcern',
  'lsid',
  '$db',
  '$clusterTime',
  '$readPreference',
  'comment',
  'maxTimeMS',
  'txnNumber',
  'apiVersion',
];
const fields = ['pwd', 'customData', 'roles', 'digestPassword', 'mechanisms', 'authenticationRestrictions'];

const refuseUnknown = (context: Context): void => {
  const allowed = [...common, ...fields, context.name];
  const unknown = Object.keys(context.command).find((field) => !allowed.includes(field));
  if (unknown !== undefined) throw bad(`"${unknown}" is not a valid argument to ${context.name}`);
};

const nameOf = (context: Context): string => {
  const name = context.command[context.name];
  if (typeof name !== 'string') {
    throw new CommandError(
      14,
      `"${context.name}" had the wrong type. Expected string, found ${typeName(name)}`,
    );
  }
  return name;
};

const readRoles = (context: Context, list: unknown[]): Role[] =>
  list.map((role) => {
    const parsed =
      typeof role === 'string'
        ? { role, db: context.database }
        : isDoc(role)
          ? { role: readString(role, 'role') ?? '', db: readString(role, 'db') ?? '' }
          : { role: '', db: context.database };
    if (!roleExists(parsed)) throw new CommandError(31, `No role named ${parsed.role}@${parsed.db}`);
    return parsed;
  });

const readMechanisms = (context: Context): Mechanism[] => {
  const list = readList(context.command, 'mechanisms');
  if (list === undefined) return [...mechanisms];
  if (list.length === 0) throw new CommandError(12, 'mechanisms field must not be empty');
  return list.map((mechanism) => {
    if (!isMechanism(mechanism)) throw bad(`Unknown auth mechanism '${String(mechanism)}'`);
    return mechanism;
  });
};

const readPassword = (context: Context): string | undefined => {
  const pwd = context.command['pwd'];
  if (pwd === undefined) return undefined;
  if (typeof pwd !== 'string') {
    throw new CommandError(14, `"pwd" had the wrong type. Expected string, found ${typeName(pwd)}`);
  }
  if (pwd === '') throw bad('User passwords must not be empty');
  return pwd;
};

const makeCredentials = async (context: Context, user: string, password: string): Promise<Doc> => {
  const wanted = readMechanisms(context);
  if (context.command['digestPassword'] === false && wanted.includes('SCRAM-SHA-256')) {
    throw bad('Use of SCRAM-SHA-256 requires undigested passwords');
  }
  const credentials: Doc = {};
  try {
    for (const mechanism of wanted)
      credentials[mechanism] = { ...(await makeCredential(mechanism, user, password)) };
  } catch (error) {
    throw error instanceof ScramError ? bad(error.message) : error;
  }
  return credentials;
};

const refuseNotPrimary = (context: Context): void => {
  const { member, dialect } = context.core;
  if (member !== undefined && !member.isWritable) {
    throw new CommandError(10107, dialect.safeReconfig ? 'not primary' : 'not master');
  }
};

const stored = (context: Context, user: string): Doc | undefined =>
  context.core.engine.store.get(namespace)?.get(`${context.database}.${user}`);

const finish = async (context: Context, change: Parameters<typeof write>[1]): Promise<Doc> => {
  const concern = concernOf(context);
  const optime = write({ ...context, database: 'admin' }, change);
  return { ...(await settle({ ...context, database: 'admin' }, optime, concern)), ...ok() };
};

const createUser = async (context: Context): Promise<Doc> => {
  refuseUnknown(context);
  const user = nameOf(context);
  const { command, database } = context;
  if (database === 'local') throw bad('Cannot create users in the local database');
  const password = readPassword(context);
  if (password === undefined && database !== '$external') {
    throw bad(
      "Must provide a 'pwd' field for all user documents, except those with '$external' as the user's source db",
    );
  }
  const list = readList(command, 'roles');
  if (list === undefined) throw bad('"createUser" command requires a "roles" array');
  readMechanisms(context);
  if (user === '') throw bad("User document needs 'user' field to be non-empty");
  const roles = readRoles(context, list);
  const credentials =
    password === undefined ? { external: true } : await makeCredentials(context, user, password);
  refuseNotPrimary(context);
  if (stored(context, user) !== undefined)
    throw new CommandError(51003, `User "${user}@${database}" already exists`);
  const customData = command['customData'];
  const o: Doc = {
    _id: `${database}.${user}`,
    userId: new UUID().toBinary(),
    user,
    db: database,
    credentials,
    ...(customData === undefined ? {} : { customData }),
    roles: roles.map(({ role, db }) => ({ role, db })),
  };
  return finish(context, { op: 'i', ns: namespace, o });
};

const replace = (context: Context, user: Doc): Promise<Doc> =>
  finish(context, { op: 'u', ns: namespace, o: user, o2: { _id: user['_id'] } });

const demandUser = (context: Context, user: string): Doc => {
  const found = stored(context, user);
  if (found === undefined) throw new CommandError(11, `User ${user}@${context.database} not found`);
  return found;
};

const updateUser = async (context: Context): Promise<Doc> => {
  refuseUnknown(context);
  const user = nameOf(context);
  const { command } = context;
  const password = readPassword(context);
  const list = readList(command, 'roles');
  const customData = command['customData'];
  if (
    password === undefined &&
    list === undefined &&
    customData === undefined &&
    command['mechanisms'] === undefined
  ) {
    throw bad('Must specify at least one field to update in updateUser');
  }
  const roles = list === undefined ? undefined : readRoles(context, list);
  const credentials = password === undefined ? undefined : await makeCredentials(context, user, password);
  refuseNotPrimary(context);
  return replace(context, {
    ...demandUser(context, user),
    ...(credentials === undefined ? {} : { credentials }),
    ...(customData === undefined ? {} : { customData }),
    ...(roles === undefined ? {} : { roles: roles.map(({ role, db }) => ({ role, db })) }),
  });
};

const dropUser = (context: Context): Promise<Doc> => {
  const user = nameOf(context);
  const found = stored(context, user);
  if (found === undefined) throw new CommandError(11, `User '${user}@${context.database}' not found`);
  return finish(context, { op: 'd', ns: namespace, o: { _id: found['_id'] } });
};

const changeRoles = (context: Context, change: (roles: Role[], given: Role[]) => Role[]): Promise<Doc> => {
  const user = nameOf(context);
  const given = readRoles(context, readList(context.command, 'roles') ?? []);
  const found = demandUser(context, user);
  const roles = change(parseRoles(readList(found, 'roles') ?? []), given);
  return replace(context, { ...found, roles: roles.map(({ role, db }) => ({ role, db })) });
};

const isIn = (roles: Role[], wanted: Role): boolean =>
  roles.some(({ role, db }) => role === wanted.role && db === wanted.db);

const grant = (context: Context): Promise<Doc> =>
  changeRoles(context, (roles, given) => [...roles, ...given.filter((role) => !isIn(roles, role))]);

const revoke = (context: Context): Promise<Doc> =>
  changeRoles(context, (roles, given) => roles.filter((role) => !isIn(given, role)));

const wantedUsers = (context: Context): ((user: Doc) => boolean) => {
  const { command, database } = context;
  const asked = command['usersInfo'];
  if (typeof asked === 'string') return (user) => user['user'] === asked && user['db'] === database;
  if (Array.isArray(asked)) {
    const tests = asked.map((one: unknown) => wantedUsers({ ...context, command: { usersInfo: one } }));
    return (user) => tests.some((test) => test(user));
  }
  if (isDoc(asked)) {
    if (isTruthy(asked['forAllDBs'])) return () => true;
    return (user) => user['user'] === asked['user'] && user['db'] === asked['db'];
  }
  return (user) => user['db'] === database;
};

const usersInfo = (context: Context): Doc => {
  const all = [...(context.core.engine.store.get(namespace)?.docs.values() ?? [])];
  const users = all
    .filter(wantedUsers(context))
    .sort((a, b) => (String(a['_id']) < String(b['_id']) ? -1 : 1))
    .map(({ credentials, roles, ...rest }) => ({
      ...rest,
      ...(isTruthy(context.command['showCredentials']) ? { credentials } : {}),
      roles,
      mechanisms: mechanisms.filter((mechanism) => isDoc(credentials) && mechanism in credentials),
    }));
  return ok({ users });
};

const showRoles = ({ command, database }: Context): Doc => {
  const role =
    readString(command, 'rolesInfo') ?? readString(readDoc(command, 'rolesInfo') ?? {}, 'role') ?? '';
  const known = roleExists({ role, db: database });
  return ok({ roles: known ? [{ role, db: database, isBuiltin: true, roles: [], inheritedRoles: [] }] : [] });
};

const refuseRoles = (): never => {
  throw new CommandError(20, 'this stand-in has builtin roles only: use a true mongod');
};

const writing = { runsOn: 'primary', inMaintenance: false, takesWriteConcern: true } as const;

/** Commands about users. */
export const userCommands: Command[] = [
  define('createUser', onDatabase('createUser'), createUser, writing),
  define('updateUser', onDatabase('updateUser'), updateUser, writing),
  define('dropUser', onDatabase('dropUser'), dropUser, writing),
  define('grantRolesToUser', onDatabase('grantRole'), grant, writing),
  define('revokeRolesFromUser', onDatabase('revokeRole'), revoke, writing),
  define('usersInfo', onDatabase('viewUser'), usersInfo, { runsOn: 'opt-in', inMaintenance: false }),
  define('rolesInfo', onDatabase('viewRole'), showRoles, { runsOn: 'opt-in', inMaintenance: false }),
  define('createRole', onDatabase('createRole'), refuseRoles, writing),
];
