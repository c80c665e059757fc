import { Binary, Long } from 'bson';
import { authorize } from '../auth/authorization';
import type { Command } from '../commands/command';
import { type Doc, isDoc, readDoc, readNumber, readString } from '../doc';
import { CommandError, messageOf, renderError } from '../error';
import { isNullOpTime, toTimestamp } from '../optime';
import { memberState } from '../repl/member-state';
import type { Request } from '../wire/message';
import type { Connection, Context, ServerCore } from './context';

type Names = ReadonlyMap<string, Command>;

/** Commands by every name they go by; some are loaded when they are first asked for. */
export interface CommandTable {
  readonly present: Names;
  readonly later: () => Promise<Names>;
}

const byName = (commands: readonly Command[]): Names =>
  new Map(commands.flatMap((command) => command.names.map((name) => [name, command] as const)));

/** A table of the commands given and of those that `load` gives. */
export const makeTable = (
  commands: readonly Command[],
  load: () => Promise<readonly Command[]>,
): CommandTable => {
  let loading: Promise<Names> | undefined;
  return { present: byName(commands), later: () => (loading ??= load().then(byName)) };
};

/** Read preference modes that let a secondary answer. */
const optsIn = (request: Request): boolean => {
  const mode = readString(readDoc(request.body, '$readPreference') ?? {}, 'mode');
  return request.legacy || (mode !== undefined && mode !== 'primary');
};

const refusePlace = (context: Context, command: Command, request: Request): void => {
  const { member, dialect } = context.core;
  if (member === undefined || context.database === 'local') return;
  const modern = dialect.safeReconfig;
  const { state } = member.topology;
  if (command.runsOn === 'primary' && !member.isWritable) {
    throw new CommandError(10107, modern ? 'not primary' : 'not master');
  }
  const isUsable = member.isWritable || state === memberState.primary;
  if (command.runsOn === 'opt-in' && !isUsable && !optsIn(request)) {
    throw new CommandError(
      13435,
      modern ? 'not primary and secondaryOk=false' : 'not master and slaveOk=false',
    );
  }
  if (command.inMaintenance || member.isWritable || state === memberState.secondary) return;
  if (state === memberState.primary) return;
  throw new CommandError(
    13436,
    state === memberState.recovering ? 'node is recovering' : 'node is not in primary or recovering state',
  );
};

const retryableCodes = new Set([6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436]);

/** From 4.4 on the server labels what a driver may try again. */
const labels = (core: ServerCore, body: Doc, code: unknown): Doc => {
  if (!core.dialect.safeReconfig || body['txnNumber'] === undefined) return {};
  return typeof code === 'number' && retryableCodes.has(code) ? { errorLabels: ['RetryableWriteError'] } : {};
};

const clusterTime = (core: ServerCore): { $clusterTime?: Doc; operationTime?: unknown } => {
  const { member, engine } = core;
  if (member === undefined || member.topology.config === null || isNullOpTime(engine.lastApplied)) return {};
  const now = toTimestamp(engine.lastApplied);
  return {
    $clusterTime: {
      clusterTime: now,
      signature: { hash: new Binary(Buffer.alloc(20)), keyId: Long.ZERO },
    },
    operationTime: now,
  };
};

const makeContext = (core: ServerCore, connection: Connection, request: Request, name: string): Context => {
  const limit = readNumber(request.body, 'maxTimeMS');
  const deadline = limit === undefined || limit <= 0 ? Infinity : Date.now() + limit;
  return { core, connection, name, database: request.database, command: request.body, deadline };
};

const refuseOptions = (context: Context, command: Command): void => {
  if (isDoc(context.command['writeConcern']) && !command.takesWriteConcern) {
    throw new CommandError(72, 'Command does not support writeConcern');
  }
};

const run = async (
  table: CommandTable,
  core: ServerCore,
  connection: Connection,
  request: Request,
): Promise<Doc> => {
  const name = Object.keys(request.body)[0] ?? '';
  const command = table.present.get(name) ?? (await table.later()).get(name);
  if (command === undefined) throw new CommandError(59, `no such command: '${name}'`);
  const context = makeContext(core, connection, request, name);
  if (command.adminOnly && request.database !== 'admin') {
    throw new CommandError(13, `${name} may only be run against the admin database.`);
  }
  const demand = command.demand(context);
  authorize(context, demand);
  if (demand.kind === 'internal' || request.body['$replData'] !== undefined) connection.isMember = true;
  refusePlace(context, command, request);
  refuseOptions(context, command);
  return command.run(context);
};

/** Answers one command; never throws. */
export const dispatch = async (
  table: CommandTable,
  core: ServerCore,
  connection: Connection,
  request: Request,
): Promise<Doc> => {
  core.counters.commands += 1;
  try {
    const reply = await run(table, core, connection, request);
    const unmet = readDoc(reply, 'writeConcernError')?.['code'];
    return { ...reply, ...labels(core, request.body, unmet), ...clusterTime(core) };
  } catch (error) {
    if (!(error instanceof CommandError)) {
      core.log(
        'COMMAND',
        'command failed unexpectedly',
        { error: messageOf(error), stack: error instanceof Error ? error.stack : '' },
        'E',
      );
    }
    const { $clusterTime, operationTime } = clusterTime(core);
    const body = renderError(error, core.dialect.safeReconfig);
    return {
      ...(operationTime === undefined ? {} : { operationTime }),
      ...body,
      ...labels(core, request.body, body['code']),
      ...($clusterTime === undefined ? {} : { $clusterTime }),
    };
  }
};
