import { type Doc, isDoc, printDoc, readList, readString } from '../doc';
import { CommandError } from '../error';
import { memberState } from '../repl/member-state';
import type { Connection, Context, Principal, ServerCore } from '../server/context';
import { type Resource, type Role, isAllowed } from './roles';

/** The keyfile's user: every right, also those of members towards each other. */
export const systemPrincipal: Principal = { user: '__system', database: 'local' };

export const isSystem = (principal: Principal): boolean =>
  principal.user === systemPrincipal.user && principal.database === systemPrincipal.database;

const usersNamespace = 'admin.system.users';

export const findUser = (core: ServerCore, principal: Principal): Doc | undefined =>
  core.engine.store.get(usersNamespace)?.get(`${principal.database}.${principal.user}`);

const hasUsers = (core: ServerCore): boolean => (core.engine.store.get(usersNamespace)?.docs.size ?? 0) > 0;

export const parseRoles = (list: readonly unknown[]): Role[] =>
  list
    .filter(isDoc)
    .map((role) => ({ role: readString(role, 'role') ?? '', db: readString(role, 'db') ?? '' }));

/** Roles of everyone who is logged in on a connection, as they are now. */
export const rolesOf = (core: ServerCore, connection: Connection): Role[] =>
  connection.principals.flatMap((principal) => {
    if (isSystem(principal)) return [{ role: '__system', db: 'local' }];
    const user = findUser(core, principal);
    return user === undefined ? [] : parseRoles(readList(user, 'roles') ?? []);
  });

/** Users still there among those logged in: a dropped user is logged out. */
const livePrincipals = ({ core, connection }: Context): Principal[] =>
  connection.principals.filter((principal) => isSystem(principal) || findUser(core, principal) !== undefined);

/** From localhost, while there is no user: initiate, reconfigure, ask for status, make the first user. */
const usesBypass = ({ core, connection }: Context): boolean =>
  core.localhostBypass && connection.isLocal && !hasUsers(core);

const bypassAllows = ({ core, database }: Context, action: string, resource: Resource): boolean => {
  if (resource !== 'cluster')
    return (action === 'createUser' || action === 'grantRole') && database === 'admin';
  if (action === 'replSetConfigure' || action === 'replSetGetStatus') return true;
  const isArbiter = core.member?.topology.state === memberState.arbiter;
  return isArbiter && ['getCmdLineOpts', 'getParameter', 'serverStatus', 'shutdown'].includes(action);
};

/** What a command asks for. `internal`: members only. `any`: being logged in is enough. */
export type Demand =
  | { readonly kind: 'open' }
  | { readonly kind: 'any' }
  | { readonly kind: 'internal' }
  | { readonly kind: 'action'; readonly action: string; readonly resource: Resource };

const redacted = (command: Doc): Doc =>
  Object.fromEntries(Object.entries(command).map(([name, value]) => [name, name === 'pwd' ? 'xxx' : value]));

const unauthorized = ({ database, command }: Context): CommandError =>
  new CommandError(13, `not authorized on ${database} to execute command ${printDoc(redacted(command))}`);

/** Whether the connection may do this. */
export const may = (context: Context, action: string, resource: Resource): boolean => {
  if (!context.core.authEnabled) return true;
  if (usesBypass(context) && bypassAllows(context, action, resource)) return true;
  return isAllowed(rolesOf(context.core, context.connection), action, resource);
};

/** @throws CommandError 13 with the server's words when the demand is not met. */
export const authorize = (context: Context, demand: Demand): void => {
  const { core, connection, name } = context;
  if (!core.authEnabled || demand.kind === 'open') return;
  connection.principals = livePrincipals(context);
  const isKnown = connection.principals.length > 0;
  if (!isKnown && !usesBypass(context)) {
    const word = core.dialect.implicitMajority ? 'Command' : 'command';
    throw new CommandError(13, `${word} ${name} requires authentication`);
  }
  switch (demand.kind) {
    case 'any':
      if (!isKnown && name === 'endSessions') throw unauthorized(context);
      return;
    case 'internal':
      if (!connection.principals.some(isSystem)) throw unauthorized(context);
      return;
    case 'action':
      if (!may(context, demand.action, demand.resource)) throw unauthorized(context);
      return;
  }
};
