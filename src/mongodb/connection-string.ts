export interface ConnectionTarget {
  /** Data-bearing members, `host:port`. */
  readonly hosts: readonly string[];
  readonly setName: string;
  /** Absent: an address that anybody may read. */
  readonly user?: { readonly name: string; readonly password: string } | undefined;
  readonly database?: string | undefined;
  readonly tls?: boolean | undefined;
}

/**
 * A cluster that is cut off sends no FIN: a driver learns of it only by its own checks of the server, every 10 s with 30 s
 * to answer by default. With these a write that hangs there is tried again elsewhere soon after the election.
 */
const SERVER_CHECKS = ['heartbeatFrequencyMS=5000', 'connectTimeoutMS=5000'];

/** `mongodb://` URI with every reserved character percent-encoded (manual: "Connection Strings"). */
export function buildConnectionString(target: ConnectionTarget): string {
  const { user } = target;
  const login = user === undefined ? '' : `${encode(user.name)}:${encode(user.password)}@`;
  const options = [
    `replicaSet=${encode(target.setName)}`,
    'authSource=admin',
    ...SERVER_CHECKS,
    ...(target.tls === true ? ['tls=true'] : []),
  ];
  return `mongodb://${login}${target.hosts.join(',')}/${encode(target.database ?? '')}?${options.join('&')}`;
}

// encodeURIComponent leaves !'()* alone, which some URI parsers and shells do not.
const encode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
