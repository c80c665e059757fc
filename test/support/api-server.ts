import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { makePki } from './pki';
import { findProgram } from './programs';

export interface ApiServerOptions {
  /** Names the cluster, user and context of the kubeconfig, and the folder. */
  readonly name: string;
  /** Port of the API server on 127.0.0.1; a free one when left out. */
  readonly port?: number;
  /** kube-controller-manager's `--controllers`; none is started when left out. {@link BASIC_CONTROLLERS} suits most. */
  readonly controllers?: string;
  /** Runs before the controllers start: the garbage collector learns of kinds installed later only at its next look, 30 s apart. */
  readonly prepare?: (kubeconfigPath: string) => Promise<void>;
  /** More flags for kube-apiserver. */
  readonly flags?: readonly string[];
}

/** Enough for namespaces to empty, owned objects to be collected, tokens to be made. */
export const BASIC_CONTROLLERS =
  'namespace-controller,garbage-collector-controller,serviceaccount-token-controller,serviceaccount-controller';

/** A real API server with an etcd of its own, on loopback, without nodes. */
export interface ApiServer {
  readonly name: string;
  readonly url: string;
  readonly kubeconfigPath: string;
  /** Certificate authority of the server's certificate (PEM file); `dir` also holds server.crt and server.key for webhooks. */
  readonly caFile: string;
  readonly dir: string;
  /** A bearer token of system:masters. */
  readonly token: string;
  /** kill -9 of the API server alone: connections are refused until `resume`. The data stays. */
  halt(): Promise<void>;
  /** SIGSTOP: connections hang as if packets were lost, until `resume`. */
  freeze(): void;
  /** Ends `halt` or `freeze`; resolves when the server is ready again. */
  resume(): Promise<void>;
  /** Makes etcd forget all that went before now: without a watch cache, an older resourceVersion is answered 410. */
  compact(): Promise<void>;
  /** Ends every program and removes the folder (kept when FEDSTATE_KEEP is set). */
  stop(): Promise<void>;
}

const TOKEN = 'test-token';
// Minutes only on a machine where much else runs.
const START_TIMEOUT_MS = 180_000;

/**
 * Starts etcd, kube-apiserver and, if asked for, kube-controller-manager: 4 to 8 s on two cores. Programs are looked up by
 * {@link findProgram}; ask `skipReason()` first.
 * @throws Error naming the missing program, or the log to read when a program did not come up
 */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const dir = mkdtempSync(join(tmpdir(), `fedstate-${options.name}-`));
  const pki = makePki(dir);
  const [etcdPort, peerPort, freePort] = await findFreePorts();
  const port = options.port ?? freePort;
  const url = `https://127.0.0.1:${port}`;
  const kubeconfigPath = join(dir, 'kubeconfig');
  writeFileSync(kubeconfigPath, kubeconfigOf(options.name, url, pki));
  writeFileSync(join(dir, 'tokens.csv'), `${TOKEN},admin,admin,system:masters\n`);

  const running = new Map<string, ChildProcess>();
  const killAll = (): void => {
    for (const child of running.values()) child.kill('SIGKILL');
  };
  // A signal ends Node without its exit event.
  const dieWithChildren = (signal: NodeJS.Signals): void => {
    killAll();
    process.kill(process.pid, signal);
  };
  process.once('exit', killAll).once('SIGTERM', dieWithChildren).once('SIGINT', dieWithChildren);

  const start = (program: string, args: readonly string[]): void => {
    const path = findProgram(program);
    if (path === undefined) throw new Error(`${program} not found: set FEDSTATE_BIN to its folder.`);
    const log = openSync(join(dir, `${program}.log`), 'a');
    running.set(program, spawn(path, args, { cwd: dir, stdio: ['ignore', log, log] }));
  };
  const end = async (program: string): Promise<void> => {
    const child = running.get(program);
    if (child === undefined) return;
    running.delete(program);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };

  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const startServer = (): void =>
    start('kube-apiserver', [
      ...[`--etcd-servers=${etcdUrl}`, '--bind-address=127.0.0.1', '--advertise-address=127.0.0.1'],
      ...[
        `--secure-port=${port}`,
        '--endpoint-reconciler-type=none',
        '--service-cluster-ip-range=10.96.0.0/16',
      ],
      ...[`--tls-cert-file=${pki.serverCertFile}`, `--tls-private-key-file=${pki.serverKeyFile}`],
      ...[`--client-ca-file=${pki.caFile}`, `--token-auth-file=${join(dir, 'tokens.csv')}`],
      ...[`--service-account-key-file=${pki.serviceAccountPublicFile}`],
      ...[`--service-account-signing-key-file=${pki.serviceAccountKeyFile}`],
      ...['--service-account-issuer=https://kubernetes.default.svc', '--authorization-mode=RBAC'],
      ...['--allow-privileged=true', ...(options.flags ?? [])],
    ]);
  const waitReady = async (): Promise<void> => {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await answersReady(url, readFileSync(pki.caFile, 'utf8')))) {
      const exited = [...running].find(([, child]) => child.exitCode !== null)?.[0];
      if (exited !== undefined) throw new Error(`${exited} ended: read ${join(dir, `${exited}.log`)}`);
      if (Date.now() > deadline) {
        throw new Error(`${options.name} is not ready: read ${join(dir, 'kube-apiserver.log')}`);
      }
      await sleep(100);
    }
  };

  try {
    mkdirSync(join(dir, 'etcd'), { mode: 0o700 });
    start('etcd', [
      ...[`--data-dir=${join(dir, 'etcd')}`, '--unsafe-no-fsync', '--log-level=error'],
      ...[`--listen-client-urls=${etcdUrl}`, `--advertise-client-urls=${etcdUrl}`],
      ...[`--listen-peer-urls=http://127.0.0.1:${peerPort}`],
      ...[`--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`],
      ...[`--initial-cluster=default=http://127.0.0.1:${peerPort}`],
    ]);
    startServer();
    await waitReady();
    await options.prepare?.(kubeconfigPath);
    if (options.controllers !== undefined) {
      start('kube-controller-manager', [
        ...[`--kubeconfig=${kubeconfigPath}`, `--controllers=${options.controllers}`],
        ...[
          `--service-account-private-key-file=${pki.serviceAccountKeyFile}`,
          `--root-ca-file=${pki.caFile}`,
        ],
        ...['--secure-port=0', '--leader-elect=false', '--use-service-account-credentials=false'],
      ]);
    }
  } catch (error) {
    killAll();
    throw error;
  }

  let frozen = false;
  return {
    name: options.name,
    url,
    kubeconfigPath,
    caFile: pki.caFile,
    dir,
    token: TOKEN,
    halt: () => end('kube-apiserver'),
    freeze() {
      frozen = true;
      running.get('kube-apiserver')?.kill('SIGSTOP');
    },
    async resume() {
      if (frozen) running.get('kube-apiserver')?.kill('SIGCONT');
      else if (!running.has('kube-apiserver')) startServer();
      frozen = false;
      await waitReady();
    },
    compact: () => compactEtcd(etcdUrl),
    async stop() {
      process.off('exit', killAll).off('SIGTERM', dieWithChildren).off('SIGINT', dieWithChildren);
      for (const program of ['kube-controller-manager', 'kube-apiserver', 'etcd']) await end(program);
      if (process.env['FEDSTATE_KEEP'] === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}

const etcdHeaderSchema = z.looseObject({ header: z.looseObject({ revision: z.string() }) });

async function compactEtcd(url: string): Promise<void> {
  const ask = async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(`${url}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
    const text = await response.text();
    // Compacted at this revision already: nothing was written since.
    if (!response.ok && !text.includes('has been compacted'))
      throw new Error(`etcd ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  // Key \0 is none that anybody has: only the header matters.
  const { revision } = etcdHeaderSchema.parse(await ask('range', { key: 'AA==' })).header;
  await ask('compaction', { revision });
}

function kubeconfigOf(name: string, url: string, pki: ReturnType<typeof makePki>): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url, 'certificate-authority': pki.caFile } }],
    users: [
      {
        name: `${name}-admin`,
        user: { 'client-certificate': pki.adminCertFile, 'client-key': pki.adminKeyFile },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: `${name}-admin` } }],
    'current-context': name,
  });
}

async function findFreePorts(): Promise<[number, number, number]> {
  const servers = [createServer(), createServer(), createServer()] as const;
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            if (address === null || typeof address === 'string') reject(new Error('no port was given'));
            else resolve(address.port);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  const [first = 0, second = 0, third = 0] = ports;
  return [first, second, third];
}

function answersReady(url: string, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request(`${url}/readyz`, { ca, timeout: 2_000, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(false));
    call.end();
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
