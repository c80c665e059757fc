import { type Doc, readDoc, readString } from '../doc';
import { CommandError } from '../error';
import { toTimestamp } from '../optime';
import { impliesMajority } from '../repl/config-rules';
import { parseWriteConcern, storedDefaults } from '../repl/write-concern';
import type { Context } from '../server/context';
import { settle, write } from './change';
import { type Command, define, ok, onCluster } from './command';

const defaultsId = 'ReadWriteConcernDefaults';
const readLevels = ['local', 'available', 'majority', 'linearizable', 'snapshot'];

const refuseStandalone = ({ core, name }: Context): void => {
  if (core.member !== undefined) return;
  throw new CommandError(51300, `'${name}' is not supported on standalone nodes.`);
};

const checkRead = (concern: Doc): void => {
  const level = readString(concern, 'level') ?? '';
  if (!readLevels.includes(level)) {
    throw new CommandError(
      9,
      "readConcern.level must be either 'local', 'majority', 'linearizable', 'available', or 'snapshot'",
    );
  }
  if (level === 'linearizable' || level === 'snapshot') {
    throw new CommandError(2, `level: '${level}' is not suitable for the default read concern`);
  }
};

const checkWrite = (concern: Doc, wantsW: boolean): void => {
  if (wantsW && concern['w'] === undefined) {
    throw new CommandError(2, "Default write concern must have 'w' field.");
  }
  if (parseWriteConcern(concern).w !== 0) return;
  throw new CommandError(2, 'Unacknowledged write concern is not suitable for the default write concern');
};

/** What is stored after the command; an empty concern takes away what was set, where that is allowed. */
const chooseDefaults = ({ command, core }: Context, before: Doc): Doc => {
  const read = readDoc(command, 'defaultReadConcern');
  const written = readDoc(command, 'defaultWriteConcern');
  if (read === undefined && written === undefined) {
    throw new CommandError(
      2,
      'At least one of the "defaultReadConcern" or "defaultWriteConcern" fields must be present',
    );
  }
  const isReadSet = read !== undefined && Object.keys(read).length > 0;
  const isWriteSet = written !== undefined && Object.keys(written).length > 0;
  if (isReadSet) checkRead(read);
  if (isWriteSet) checkWrite(written, core.dialect.implicitMajority);
  if (
    core.dialect.implicitMajority &&
    written !== undefined &&
    !isWriteSet &&
    'defaultWriteConcern' in before
  ) {
    throw new CommandError(20, 'The global default write concern cannot be unset once it is set.');
  }
  const { defaultReadConcern, defaultWriteConcern } = before;
  const kept = { defaultReadConcern, defaultWriteConcern };
  const given = {
    ...(read === undefined ? {} : { defaultReadConcern: isReadSet ? read : undefined }),
    ...(written === undefined
      ? {}
      : { defaultWriteConcern: isWriteSet ? { ...written, wtimeout: written['wtimeout'] ?? 0 } : undefined }),
  };
  return Object.fromEntries(Object.entries({ ...kept, ...given }).filter(([, value]) => value !== undefined));
};

const setDefaults = async (context: Context): Promise<Doc> => {
  refuseStandalone(context);
  const { core } = context;
  const before = core.engine.store.get('config.settings')?.get(defaultsId) ?? {};
  const o: Doc = {
    _id: defaultsId,
    ...chooseDefaults(context, before),
    updateOpTime: toTimestamp(core.engine.lastApplied),
    updateWallClockTime: new Date(),
  };
  const optime = write(
    { ...context, database: 'config' },
    { op: 'u', ns: 'config.settings', o, o2: { _id: defaultsId } },
  );
  const settled = await settle(context, optime, { w: 'majority', j: false, wtimeout: 60_000 });
  return { ...showDefaults(context), ...settled };
};

/** From 5.0 on what applies when nothing is set is told as well, and that it is implicit. */
const describeImplicit = ({ core }: Context, stored: Doc): Doc => {
  if (!core.dialect.implicitMajority) return {};
  const config = core.member?.topology.config;
  const isMajority = config !== undefined && config !== null && impliesMajority(config);
  return {
    ...('defaultReadConcern' in stored ? {} : { defaultReadConcern: { level: 'local' } }),
    ...('defaultWriteConcern' in stored || !isMajority
      ? {}
      : { defaultWriteConcern: { w: 'majority', wtimeout: 0 } }),
    defaultWriteConcernSource: 'defaultWriteConcern' in stored ? 'global' : 'implicit',
    defaultReadConcernSource: 'defaultReadConcern' in stored ? 'global' : 'implicit',
  };
};

const showDefaults = (context: Context): Doc => {
  refuseStandalone(context);
  const { member } = context.core;
  const doc = member === undefined ? {} : (storedDefaults(member) ?? {});
  const stored = Object.fromEntries(Object.entries(doc).filter(([field]) => field !== '_id'));
  return ok({ ...stored, ...describeImplicit(context, stored), localUpdateWallClockTime: new Date() });
};

/** Cluster-wide default read and write concerns: 4.4 and later. */
export const defaultConcernCommands: Command[] = [
  define('getDefaultRWConcern', onCluster('getDefaultRWConcern'), showDefaults, { adminOnly: true }),
  define('setDefaultRWConcern', onCluster('setDefaultRWConcern'), setDefaults, {
    adminOnly: true,
    runsOn: 'primary',
    takesWriteConcern: true,
  }),
];
