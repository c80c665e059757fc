import { parseArgs } from 'node:util';

export interface ExporterOptions {
  readonly uri: string;
  readonly host: string;
  readonly port: number;
}

/**
 * Options by their names in percona/mongodb_exporter; flags that the stand-in does not know are let pass.
 * @throws Error naming the missing one
 */
export function readOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ExporterOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { 'mongodb.uri': { type: 'string' }, 'web.listen-address': { type: 'string' } },
    strict: false,
  });
  const uri = values['mongodb.uri'] ?? environment['MONGODB_URI'];
  if (typeof uri !== 'string' || uri === '') {
    throw new Error('Give --mongodb.uri or MONGODB_URI, e.g. mongodb://127.0.0.1:27017');
  }
  const user = environment['MONGODB_USER'];
  const address = values['web.listen-address'];
  const [host = '', port = ''] = typeof address === 'string' ? address.split(/:(?=\d+$)/) : [];
  return {
    uri: user === undefined ? uri : withUser(uri, user, environment['MONGODB_PASSWORD'] ?? ''),
    host: host === '' ? '0.0.0.0' : host,
    port: port === '' ? 9216 : Number(port),
  };
}

/** Credentials from the environment go into a URI that has none. */
function withUser(uri: string, user: string, password: string): string {
  if (/^mongodb(\+srv)?:\/\/[^/]*@/.test(uri)) return uri;
  return uri.replace('://', `://${encodeURIComponent(user)}:${encodeURIComponent(password)}@`);
}
