import { type Doc, readDoc } from '../doc';
import type { Context } from '../server/context';
import { settle, write } from './change';
import { type Command, define, ok, onCluster } from './command';

const defaultsId = 'ReadWriteConcernDefaults';

const setDefaults = async (context: Context): Promise<Doc> => {
  const { command, core } = context;
  const before = core.engine.store.get('config.settings')?.get(defaultsId) ?? { _id: defaultsId };
  const o: Doc = {
    ...before,
    ...(readDoc(command, 'defaultReadConcern') === undefined
      ? {}
      : { defaultReadConcern: command['defaultReadConcern'] }),
    ...(readDoc(command, 'defaultWriteConcern') === undefined
      ? {}
      : { defaultWriteConcern: { wtimeout: 0, ...readDoc(command, 'defaultWriteConcern') } }),
    updateWallClockTime: new Date(),
  };
  const optime = write(
    { ...context, database: 'config' },
    { op: 'u', ns: 'config.settings', o, o2: { _id: defaultsId } },
  );
  const settled = await settle(context, optime, { w: 'majority', j: false, wtimeout: 60_000 });
  return { ...showDefaults(context), ...settled };
};

const showDefaults = ({ core }: Context): Doc => {
  const doc = core.engine.store.get('config.settings')?.get(defaultsId) ?? {};
  const stored = Object.fromEntries(Object.entries(doc).filter(([field]) => field !== '_id'));
  const source = 'defaultWriteConcern' in stored ? 'global' : 'implicit';
  return ok({
    defaultReadConcern: { level: 'local' },
    defaultWriteConcern: { w: 'majority', wtimeout: 0 },
    ...stored,
    defaultWriteConcernSource: source,
    defaultReadConcernSource: 'defaultReadConcern' in stored ? 'global' : 'implicit',
    localUpdateWallClockTime: new Date(),
  });
};

/** Cluster-wide default read and write concerns: 5.0 and later. */
export const defaultConcernCommands: Command[] = [
  define('getDefaultRWConcern', onCluster('getDefaultRWConcern'), showDefaults, { adminOnly: true }),
  define('setDefaultRWConcern', onCluster('setDefaultRWConcern'), setDefaults, {
    adminOnly: true,
    runsOn: 'primary',
    takesWriteConcern: true,
  }),
];
