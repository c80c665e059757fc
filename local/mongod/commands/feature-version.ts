import { type Doc, printDoc, typeName } from '../doc';
import { CommandError } from '../error';
import { acceptedVersions, explainVersion, versionHelp } from '../options/dialect';
import { memberState } from '../repl/member-state';
import { stampFeatureVersion } from '../repl/config-term';
import type { Context } from '../server/context';
import { featureVersionId, featureVersionNamespace, storedFeatureVersion } from '../storage/feature-version';
import { concernOf, settle, write } from './change';
import { ok } from './command';

const name = 'setFeatureCompatibilityVersion';
/** Arguments that any command takes. */
const generic = [
  '$db',
  '$clusterTime',
  '$readPreference',
  'lsid',
  'maxTimeMS',
  'writeConcern',
  'readConcern',
  'comment',
];

/** What getParameter tells of the feature compatibility version. @throws CommandError 258 before it is known. */
export const showFeatureVersion = ({ core }: Context): Doc => {
  const version = storedFeatureVersion(core.engine.store);
  const isArbiter = core.member?.topology.state === memberState.arbiter;
  if (version === undefined && core.member !== undefined && !isArbiter) {
    throw new CommandError(258, 'featureCompatibilityVersion is not yet known.');
  }
  return { version: version ?? core.dialect.release };
};

const unknownField = ({ core, command }: Context): string | undefined => {
  const known = core.dialect.confirmsFeatureVersion ? [...generic, name, 'confirm'] : [...generic, name];
  return Object.keys(command).find((field) => !known.includes(field));
};

/** 4.2 and 4.4 print the whole command. */
const parsePlain = (context: Context): string => {
  const { command, core } = context;
  const printed = printDoc(command);
  const see = `See ${versionHelp(core.dialect)}.`;
  const wanted = command[name];
  if (typeof wanted !== 'string') {
    throw new CommandError(
      14,
      `Command argument must be of type String, but was of type ${typeName(wanted)} in: ${printed}. ${see}`,
    );
  }
  const field = unknownField(context);
  if (field !== undefined) {
    throw new CommandError(72, `Unrecognized field found ${field} in ${printed}. ${see}`);
  }
  const [older = '', newer = ''] = acceptedVersions(core.dialect);
  if (wanted !== older && wanted !== newer) {
    throw new CommandError(
      2,
      `Invalid command argument. Expected '${newer}' or '${older}', found ${wanted} in: ${printed}. ${see}`,
    );
  }
  return wanted;
};

const parseModern = (context: Context): string => {
  const { command, core } = context;
  const wanted = command[name];
  if (typeof wanted !== 'string') {
    throw new CommandError(
      14,
      `BSON field '${name}.${name}' is the wrong type '${typeName(wanted)}', expected type 'string'`,
    );
  }
  const field = unknownField(context);
  if (field !== undefined)
    throw new CommandError(40415, `BSON field '${name}.${field}' is an unknown field.`);
  if (!acceptedVersions(core.dialect).includes(wanted)) {
    throw new CommandError(4926900, explainVersion(core.dialect, wanted));
  }
  return wanted;
};

/** Asked even for the version that is already set. */
const refuseUnconfirmed = ({ command, core }: Context, wanted: string, present: string): void => {
  if (!core.dialect.confirmsFeatureVersion || command['confirm'] === true) return;
  throw new CommandError(
    7369100,
    Number(wanted) > Number(present)
      ? `Once you have upgraded to ${wanted}, you will not be able to downgrade FCV and binary version without support assistance. Please re-run this command with 'confirm: true' to acknowledge this and continue with the FCV upgrade.`
      : "Once you have downgraded the FCV, if you choose to downgrade the binary version, it will require support assistance. Please re-run this command with 'confirm: true' to acknowledge this and continue with the FCV downgrade.",
  );
};

/** setFeatureCompatibilityVersion (S22). */
export const setFeatureVersion = async (context: Context): Promise<Doc> => {
  const { core, command } = context;
  const wanted = core.dialect.implicitMajority ? parseModern(context) : parsePlain(context);
  const present = storedFeatureVersion(core.engine.store) ?? core.dialect.release;
  refuseUnconfirmed(context, wanted, present);
  const concern =
    command['writeConcern'] === undefined
      ? { w: 'majority', j: false, wtimeout: 60_000 }
      : { ...concernOf(context), w: 'majority' };
  if (wanted !== present && core.member !== undefined) await stampFeatureVersion(core.member, wanted);
  const o = { _id: featureVersionId, version: wanted };
  // The same version again writes nothing, but waits like a change: an earlier one may not be on a majority yet.
  const optime =
    wanted === present
      ? undefined
      : write(
          { ...context, database: 'admin' },
          { op: 'u', ns: featureVersionNamespace, o, o2: { _id: o._id } },
        );
  return { ...ok(), ...(await settle(context, optime, concern)) };
};
