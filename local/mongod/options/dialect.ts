const releases = ['4.2', '4.4', '5.0', '6.0', '7.0'] as const;
type Release = (typeof releases)[number];

/** Which release's rules and shapes this process follows. Releases between the two measured ones take the nearest. */
export interface Dialect {
  /** Full version as buildInfo tells it. */
  readonly version: string;
  /** Major release, also the feature compatibility version it starts with. */
  readonly release: Release;
  readonly maxWireVersion: number;
  readonly gitVersion: string;
  /** 4.4 and later: hello, config term, safe reconfiguration, default concerns, streaming monitor, error labels. */
  readonly safeReconfig: boolean;
  /** 5.0 and later: newlyAdded members, implicit majority, new words. */
  readonly implicitMajority: boolean;
  /** 7.0 and later: a change of the feature compatibility version wants `confirm: true`. */
  readonly confirmsFeatureVersion: boolean;
}

const versions: Record<Release, { version: string; wire: number }> = {
  '4.2': { version: '4.2.24', wire: 8 },
  '4.4': { version: '4.4.29', wire: 9 },
  '5.0': { version: '5.0.31', wire: 13 },
  '6.0': { version: '6.0.19', wire: 17 },
  '7.0': { version: '7.0.14', wire: 21 },
};

const isRelease = (text: string): text is Release => releases.some((release) => release === text);

/**
 * The dialect for a release ("7.0") or a full version ("7.0.5").
 * @throws Error naming the releases that exist when it is another one.
 */
export const chooseDialect = (wanted: string): Dialect => {
  const [major = '', minor = '', patch] = wanted.split('.');
  const release = `${major}.${minor}`;
  if (!isRelease(release)) {
    throw new Error(`unknown version dialect "${wanted}": use one of ${releases.join(', ')}`);
  }
  const at = releases.indexOf(release);
  const { version, wire } = versions[release];
  return {
    version: patch === undefined ? version : wanted,
    release,
    maxWireVersion: wire,
    gitVersion: 'fedstate0stand0in0000000000000000000000',
    safeReconfig: at >= 1,
    implicitMajority: at >= 2,
    confirmsFeatureVersion: at >= 4,
  };
};

/** Oldest first; the version between two long-term releases is that of the last rapid one. */
const accepted: Record<Release, readonly string[]> = {
  '4.2': ['4.0', '4.2'],
  '4.4': ['4.2', '4.4'],
  '5.0': ['4.4', '4.9', '5.0'],
  '6.0': ['5.0', '5.3', '6.0'],
  '7.0': ['6.0', '6.3', '7.0'],
};

/** Feature compatibility versions that a release's binaries take, oldest first (S22). */
export const acceptedVersions = (dialect: Dialect): readonly string[] => accepted[dialect.release];

/** Where the server's messages send the reader about feature compatibility versions. */
export const versionHelp = (dialect: Dialect): string => {
  const oldest = acceptedVersions(dialect)[0] ?? '';
  return dialect.implicitMajority
    ? `https://docs.mongodb.com/master/release-notes/${oldest}-compatibility/#feature-compatibility`
    : `http://dochub.mongodb.org/core/${oldest}-feature-compatibility`;
};

/** Why a binary does not take a feature compatibility version it was asked for or found in its data. */
export const explainVersion = (dialect: Dialect, version: string): string => {
  const expected = acceptedVersions(dialect).map((known) => `'${known}'`);
  return `Invalid feature compatibility version value '${version}'; expected ${expected.join(' or ')}. See ${versionHelp(dialect)}.`;
};
