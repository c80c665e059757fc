import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of one throw-away certificate authority, with everything an API server on loopback wants. */
export interface Pki {
  readonly caFile: string;
  readonly serverCertFile: string;
  readonly serverKeyFile: string;
  readonly adminCertFile: string;
  readonly adminKeyFile: string;
  readonly serviceAccountKeyFile: string;
  readonly serviceAccountPublicFile: string;
}

const SUBJECT_ALTERNATIVES =
  'DNS:localhost,DNS:kubernetes,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:10.96.0.1';

/** Makes a CA, a server certificate for loopback and an admin (system:masters) in `dir`, by the openssl program. */
export function makePki(dir: string): Pki {
  const at = (name: string): string => join(dir, name);
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    ...['req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '30'],
    ...['-subj', '/CN=fedstate-test-ca'],
  );
  writeFileSync(
    at('leaf.ext'),
    `subjectAltName=${SUBJECT_ALTERNATIVES}\nextendedKeyUsage=serverAuth,clientAuth\n`,
  );
  const issue = (name: string, subject: string): void => {
    openssl('req', ...curve, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-days', '30', '-out', `${name}.crt`, '-extfile', 'leaf.ext'],
    );
  };
  issue('server', '/CN=fedstate-test-server');
  issue('admin', '/O=system:masters/CN=admin');
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'sa.key');
  openssl('ec', '-in', 'sa.key', '-pubout', '-out', 'sa.pub');
  return {
    caFile: at('ca.crt'),
    serverCertFile: at('server.crt'),
    serverKeyFile: at('server.key'),
    adminCertFile: at('admin.crt'),
    adminKeyFile: at('admin.key'),
    serviceAccountKeyFile: at('sa.key'),
    serviceAccountPublicFile: at('sa.pub'),
  };
}
