/** Where an action takes place: on the cluster, or in a database (and collection). */
export type Resource = 'cluster' | { readonly database: string; readonly collection?: string };

export interface Role {
  readonly role: string;
  readonly db: string;
}

/** One right: actions on a kind of place. `any`: all databases but local and config; `everywhere`: these too. */
interface Grant {
  readonly on: 'cluster' | 'own' | 'any' | 'everywhere' | 'local' | 'users';
  readonly actions: readonly string[];
}

const read = ['find', 'listCollections', 'listIndexes', 'collStats', 'dbStats', 'killCursors'];
const readWrite = [
  ...read,
  'insert',
  'update',
  'remove',
  'createCollection',
  'dropCollection',
  'createIndex',
  'dropIndex',
  'renameCollection',
];
const dbAdmin = [
  'enableProfiler',
  'collStats',
  'dbStats',
  'listCollections',
  'listIndexes',
  'createCollection',
  'dropCollection',
  'createIndex',
  'dropIndex',
  'collMod',
  'dropDatabase',
  'validate',
  'renameCollection',
];
const userAdmin = [
  'createUser',
  'updateUser',
  'dropUser',
  'grantRole',
  'revokeRole',
  'viewUser',
  'viewRole',
  'createRole',
  'dropRole',
];
const monitor = [
  'connPoolStats',
  'getCmdLineOpts',
  'getLog',
  'getParameter',
  'hostInfo',
  'inprog',
  'listDatabases',
  'replSetGetConfig',
  'replSetGetStatus',
  'serverStatus',
  'top',
  'getDefaultRWConcern',
  'listSessions',
];
const manager = [
  'replSetConfigure',
  'replSetGetConfig',
  'replSetGetStatus',
  'replSetStateChange',
  'replSetResizeOplog',
  'setFeatureCompatibilityVersion',
  'setDefaultRWConcern',
  'getDefaultRWConcern',
  'appendOplogNote',
  'listSessions',
];
const host = [
  'fsync',
  'unlock',
  'killAnyCursor',
  'killAnySession',
  'killop',
  'logRotate',
  'setParameter',
  'shutdown',
];

const clusterMonitor: Grant[] = [
  { on: 'cluster', actions: monitor },
  { on: 'everywhere', actions: ['collStats', 'dbStats', 'listIndexes', 'listCollections'] },
  { on: 'local', actions: ['find'] },
];
const clusterManager: Grant[] = [{ on: 'cluster', actions: manager }];
const hostManager: Grant[] = [{ on: 'cluster', actions: host }];
const clusterAdmin: Grant[] = [
  ...clusterMonitor,
  ...clusterManager,
  ...hostManager,
  { on: 'any', actions: ['dropDatabase'] },
];
const userAdminAnyDatabase: Grant[] = [
  { on: 'any', actions: userAdmin },
  { on: 'cluster', actions: ['listDatabases'] },
  { on: 'users', actions: ['find', 'listIndexes', 'collStats', 'dbStats'] },
];
const backup: Grant[] = [
  { on: 'everywhere', actions: read },
  { on: 'users', actions: ['find'] },
  { on: 'cluster', actions: ['listDatabases', 'appendOplogNote', 'getParameter', 'serverStatus'] },
];

const anyDatabase = (actions: readonly string[]): Grant[] => [
  { on: 'any', actions },
  { on: 'cluster', actions: ['listDatabases'] },
];

const root: Grant[] = [
  ...clusterAdmin,
  ...anyDatabase([...readWrite, ...dbAdmin]),
  ...userAdminAnyDatabase,
  ...backup,
];

const builtin: Record<string, Grant[]> = {
  read: [{ on: 'own', actions: read }],
  readWrite: [{ on: 'own', actions: readWrite }],
  dbAdmin: [{ on: 'own', actions: dbAdmin }],
  userAdmin: [{ on: 'own', actions: userAdmin }],
  dbOwner: [{ on: 'own', actions: [...readWrite, ...dbAdmin, ...userAdmin] }],
};

const builtinInAdmin: Record<string, Grant[]> = {
  clusterMonitor,
  clusterManager,
  hostManager,
  clusterAdmin,
  readAnyDatabase: anyDatabase(read),
  readWriteAnyDatabase: anyDatabase(readWrite),
  dbAdminAnyDatabase: anyDatabase(dbAdmin),
  userAdminAnyDatabase,
  backup,
  restore: anyDatabase([...readWrite, ...dbAdmin, ...userAdmin]),
  root,
};

const grantsOf = ({ role, db }: Role): Grant[] =>
  builtin[role] ?? (db === 'admin' ? builtinInAdmin[role] : undefined) ?? [];

/** Whether a role of this name can be given in this database. */
export const roleExists = ({ role, db }: Role): boolean =>
  role in builtin || (db === 'admin' && (role in builtinInAdmin || role === '__system'));

const covers = (grant: Grant, role: Role, resource: Resource): boolean => {
  if (resource === 'cluster') return grant.on === 'cluster';
  const { database, collection = '' } = resource;
  const isUsers = database === 'admin' && collection.startsWith('system.') && collection !== 'system.version';
  switch (grant.on) {
    case 'cluster':
      return false;
    case 'own':
      return database === role.db && !isUsers;
    case 'any':
      return database !== 'local' && database !== 'config' && !isUsers;
    case 'everywhere':
      return true;
    case 'local':
      return database === 'local';
    case 'users':
      return isUsers;
  }
};

/** Whether one of the roles allows an action at a place. */
export const isAllowed = (roles: readonly Role[], action: string, resource: Resource): boolean =>
  roles.some(
    (role) =>
      (role.role === '__system' && role.db === 'local') ||
      grantsOf(role).some((grant) => grant.actions.includes(action) && covers(grant, role, resource)),
  );
