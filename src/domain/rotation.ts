/** Users that FedState makes for itself and for the owner of the instance. */
export type SystemUserName = 'root' | 'clusterAdmin' | 'clusterMonitor';

export type RotationPart = 'passwords' | 'keyfile';

/**
 * Which keys the keyfile in the Secret holds (S23). `one`: nothing is under way. `both`: the old one, which members use
 * towards each other, and the new one. `new`: the new one alone, the old one not yet proved to be refused everywhere.
 */
export type KeyPhase = 'one' | 'both' | 'new';

/** What is asked for, and how far the Secret and the members are. */
export interface RotationFacts {
  /** System users whose password is to be set. */
  readonly passwords: readonly SystemUserName[];
  /** Whether clusterMonitor's new password reaches exporters by a restart only. */
  readonly exporters: boolean;
  readonly keyfile: KeyPhase;
  /** A new key is asked for; in `both`: the one that is there. */
  readonly wantsKey: boolean;
  /** Every cluster's manager builds by what the Secret holds now: only then its reports tell who must restart. */
  readonly taken: boolean;
}

export const NO_ROTATION: RotationFacts = {
  passwords: [],
  exporters: false,
  keyfile: 'one',
  wantsKey: false,
  taken: true,
};

/** `keyfile/…` or `passwords/…` asks for one of both; any other value for both. */
export function partsOfRotation(request: string): readonly RotationPart[] {
  const [part] = request.split('/');
  return part === 'keyfile' || part === 'passwords' ? [part] : ['passwords', 'keyfile'];
}

/** Which member a request for a rebuild means: `cluster/ordinal`, then `@` and anything that makes it another request. */
export function readRebuildRequest(
  request: string,
): { readonly cluster: string; readonly ordinal: number | 'arbiter' } | undefined {
  const [, cluster, ordinal] = /^([^/@]+)\/(arbiter|0|[1-9]\d?)(?:@.*)?$/.exec(request) ?? [];
  if (cluster === undefined || ordinal === undefined) return undefined;
  return { cluster, ordinal: ordinal === 'arbiter' ? ordinal : Number(ordinal) };
}
