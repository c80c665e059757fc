import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command';
import { MAX_MEMBERS, type StackLayout } from './layout';

/** Files of the stack's certificate authority and what it signed. */
export interface Pki {
  readonly folder: string;
  readonly caFile: string;
  /** Good for every address of the stack: API servers, kubelets, the Karmada webhook. */
  readonly serverCertFile: string;
  readonly serverKeyFile: string;
  /** Client of system:masters. */
  readonly adminCertFile: string;
  readonly adminKeyFile: string;
  readonly frontProxyCertFile: string;
  readonly frontProxyKeyFile: string;
  readonly serviceAccountKeyFile: string;
  readonly serviceAccountPublicFile: string;
  /** Static tokens: one of system:masters. */
  readonly tokenFile: string;
}

export function pkiOf(layout: StackLayout): Pki {
  const at = (name: string): string => join(layout.pkiFolder, name);
  return {
    folder: layout.pkiFolder,
    caFile: at('ca.crt'),
    serverCertFile: at('server.crt'),
    serverKeyFile: at('server.key'),
    adminCertFile: at('admin.crt'),
    adminKeyFile: at('admin.key'),
    frontProxyCertFile: at('front-proxy.crt'),
    frontProxyKeyFile: at('front-proxy.key'),
    serviceAccountKeyFile: at('sa.key'),
    serviceAccountPublicFile: at('sa.pub'),
    tokenFile: at('tokens.csv'),
  };
}

const DAYS = '3650';
/** Elliptic keys: made in milliseconds, and cheap in every handshake. */
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes the authority and its certificates with the openssl program, unless they are there. */
export async function makePki(layout: StackLayout): Promise<Pki> {
  const pki = pkiOf(layout);
  if (existsSync(pki.tokenFile)) return pki;
  mkdirSync(pki.folder, { recursive: true, mode: 0o700 });
  const openssl = (...args: string[]): Promise<string> => runCommand('openssl', args, { cwd: pki.folder });
  await openssl(
    ...['req', '-x509', ...NEW_KEY, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', DAYS],
    ...['-subj', `/CN=fedstate-${layout.name}-ca`],
  );
  writeFileSync(
    join(pki.folder, 'leaf.ext'),
    `subjectAltName=${alternativeNames(layout).join(',')}\nextendedKeyUsage=serverAuth,clientAuth\n`,
  );
  const issue = async (name: string, subject: string): Promise<void> => {
    await openssl('req', ...NEW_KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
    await openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key'],
      ...['-set_serial', `0x${randomBytes(8).toString('hex')}`, '-days', DAYS],
      ...['-out', `${name}.crt`, '-extfile', 'leaf.ext'],
    );
  };
  await Promise.all([
    issue('server', '/CN=fedstate-server'),
    issue('admin', '/O=system:masters/CN=admin'),
    issue('front-proxy', '/CN=front-proxy-client'),
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'sa.key').then(() =>
      openssl('ec', '-in', 'sa.key', '-pubout', '-out', 'sa.pub'),
    ),
  ]);
  // Last: its presence says that all the others are there.
  writeFileSync(pki.tokenFile, `${randomBytes(24).toString('hex')},admin,admin,system:masters\n`, {
    mode: 0o600,
  });
  return pki;
}

function alternativeNames(layout: StackLayout): string[] {
  const subnet = layout.hostAddress.replace(/\.1$/, '');
  const names = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  const services = ['karmada-webhook', 'karmada-aggregated-apiserver'].map(
    (name) => `${name}.karmada-system.svc`,
  );
  const addresses = ['127.0.0.1', '10.96.0.1', layout.loopback, layout.hostAddress];
  for (let ordinal = 1; ordinal <= MAX_MEMBERS; ordinal += 1) {
    addresses.push(`${subnet}.${10 + ordinal}`, `${subnet}.${20 + ordinal}`);
  }
  return [...[...names, ...services].map((name) => `DNS:${name}`), ...addresses.map((ip) => `IP:${ip}`)];
}
