import { readDoc, readString } from '../doc';
import { type Dialect, acceptedVersions, explainVersion, versionHelp } from '../options/dialect';
import type { OplogEntry } from './oplog';
import type { Store } from './store';

export const featureVersionNamespace = 'admin.system.version';
export const featureVersionId = 'featureCompatibilityVersion';

/** The feature compatibility version the data has; undefined: not known yet. */
export const storedFeatureVersion = (store: Store): string | undefined => {
  const doc = store.get(featureVersionNamespace)?.get(featureVersionId);
  return doc === undefined ? undefined : readString(doc, 'version');
};

/** Data of a feature compatibility version that this binary does not take (S22). */
export class UpgradeError extends Error {}

const explain = (dialect: Dialect, version: string): string => {
  const accepted = acceptedVersions(dialect);
  const found = `{ _id: "${featureVersionId}", version: "${version}" }`;
  const see = `See ${versionHelp(dialect)}.`;
  if (dialect.implicitMajority) {
    return `Location4926900: Invalid featureCompatibilityVersion document in ${featureVersionNamespace}: ${found}. ${see} :: caused by :: ${explainVersion(dialect, version)}`;
  }
  const expected = accepted.toReversed().map((known) => `'${known}'`);
  return `BadValue: Invalid value for version, found ${version}, expected ${expected.join(' or ')}. Contents of featureCompatibilityVersion document in ${featureVersionNamespace}: ${found}. ${see}`;
};

/** @throws UpgradeError with the words a server ends with. */
const refuseVersion = (version: string | undefined, dialect: Dialect): void => {
  const accepted = acceptedVersions(dialect);
  if (version === undefined || accepted.includes(version)) return;
  const oldest = accepted[0] ?? '';
  const manual = dialect.implicitMajority
    ? `https://docs.mongodb.com/master/release-notes/${oldest}/#upgrade-procedures`
    : `http://dochub.mongodb.org/core/${oldest}-upgrade-fcv`;
  throw new UpgradeError(
    `UPGRADE PROBLEM: Found an invalid featureCompatibilityVersion document (ERROR: ${explain(dialect, version)}). If the current featureCompatibilityVersion is below ${oldest}, see the documentation on upgrading at ${manual}.`,
  );
};

/** @throws UpgradeError when this binary does not take the data. */
export const checkFeatureVersion = (store: Store, dialect: Dialect): void => {
  refuseVersion(storedFeatureVersion(store), dialect);
};

/** @throws UpgradeError when an operation takes the set to a feature version that this binary does not know. */
export const checkVersionEntry = ({ doc }: OplogEntry, dialect: Dialect): void => {
  if (doc['ns'] !== featureVersionNamespace) return;
  refuseVersion(readString(readDoc(doc, 'o') ?? {}, 'version'), dialect);
};
