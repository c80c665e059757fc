import { Double } from 'bson';
import type { Demand } from '../auth/authorization';
import type { Resource } from '../auth/roles';
import type { Doc } from '../doc';
import { readString } from '../doc';
import type { Context } from '../server/context';

/** One command of the server. */
export interface Command {
  /** Names it goes by, first the one in messages. */
  readonly names: readonly string[];
  readonly demand: (context: Context) => Demand;
  /** Where it runs: only on a writable primary; on secondaries if the client opted in; on any member. */
  readonly runsOn: 'primary' | 'opt-in' | 'any';
  /** False: refused on a member that is neither primary nor secondary. */
  readonly inMaintenance: boolean;
  readonly adminOnly: boolean;
  readonly takesWriteConcern: boolean;
  readonly run: (context: Context) => Doc | Promise<Doc>;
}

export const open = (): Demand => ({ kind: 'open' });

export const loggedIn = (): Demand => ({ kind: 'any' });

export const internal = (): Demand => ({ kind: 'internal' });

export const onCluster = (action: string) => (): Demand => ({ kind: 'action', action, resource: 'cluster' });

/** The collection a command names as its first value. */
export const targetOf = (context: Context): string => readString(context.command, context.name) ?? '';

export const onCollection =
  (action: string) =>
  (context: Context): Demand => {
    const resource: Resource = { database: context.database, collection: targetOf(context) };
    return { kind: 'action', action, resource };
  };

export const onDatabase =
  (action: string) =>
  (context: Context): Demand => ({ kind: 'action', action, resource: { database: context.database } });

type Options = Partial<Omit<Command, 'names' | 'demand' | 'run'>>;

/** A command that may run anywhere and at any time unless the options say otherwise. */
export const define = (
  names: string | readonly string[],
  demand: Command['demand'],
  run: Command['run'],
  options: Options = {},
): Command => ({
  names: typeof names === 'string' ? [names] : names,
  demand,
  run,
  runsOn: 'any',
  inMaintenance: true,
  adminOnly: false,
  takesWriteConcern: false,
  ...options,
});

/** `{…fields, ok: 1}`. */
export const ok = (fields: Doc = {}): Doc => ({ ...fields, ok: new Double(1) });
