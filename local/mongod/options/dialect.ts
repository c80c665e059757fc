/** Which release's rules and shapes this process follows. Releases between the two measured ones take the nearest. */
export interface Dialect {
  /** Full version as buildInfo tells it. */
  readonly version: string;
  /** Major release, also the feature compatibility version it starts with. */
  readonly release: string;
  readonly maxWireVersion: number;
  readonly gitVersion: string;
  /** 4.4 and later: hello, config term, safe reconfiguration, streaming monitor, error labels. */
  readonly safeReconfig: boolean;
  /** 5.0 and later: newlyAdded members, implicit majority, default read and write concern commands, new words. */
  readonly implicitMajority: boolean;
  /** 7.0 and later: a change of the feature compatibility version wants `confirm: true`. */
  readonly confirmsFeatureVersion: boolean;
}

const releases = ['4.2', '4.4', '5.0', '6.0', '7.0'] as const;
type Release = (typeof releases)[number];

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

/** The release before this one: the only other feature compatibility version a binary accepts (S22). */
export const previousRelease = (release: string): string => {
  const at = releases.findIndex((known) => known === release);
  return at > 0 ? (releases[at - 1] ?? release) : release === '4.2' ? '4.0' : release;
};
