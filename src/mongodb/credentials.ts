import type { MongoClientOptions } from 'mongodb';

/** Who signs in. `keyfile` is the member's own identity: it works before initiation, on arbiters and on removed members. */
export type Credentials =
  | { readonly kind: 'keyfile'; readonly key: string }
  | { readonly kind: 'user'; readonly username: string; readonly password: string }
  | { readonly kind: 'none' };

/** Driver options; passwords go as values, never through a URI, so that no character of theirs has a meaning. */
export function authOptions(
  credentials: Credentials,
): Pick<MongoClientOptions, 'auth' | 'authMechanism' | 'authSource'> {
  switch (credentials.kind) {
    case 'keyfile':
      return {
        // mongod ignores white space in a keyfile (manual: "Keyfile Authentication").
        auth: { username: '__system', password: credentials.key.replace(/\s/g, '') },
        authMechanism: 'SCRAM-SHA-256',
        authSource: 'local',
      };
    case 'user':
      return {
        auth: { username: credentials.username, password: credentials.password },
        authMechanism: 'SCRAM-SHA-256',
        authSource: 'admin',
      };
    case 'none':
      return {};
  }
}
