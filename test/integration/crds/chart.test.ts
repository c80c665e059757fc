import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { startApiServer, type ApiServer } from '../../support/api-server';
import { findProgram, skipReason } from '../../support/programs';

const ROOT = join(__dirname, '../../..');
const CHART = join(ROOT, 'deploy/chart/fedstate');
const reason = skipReason(['etcd', 'kube-apiserver', 'kubectl', 'helm']);

const manifestSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});
const deploymentSchema = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({
        containers: z.array(
          z.looseObject({
            args: z.array(z.string()),
            env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })),
          }),
        ),
      }),
    }),
  }),
});

(reason === undefined ? describe : describe.skip)(`the chart ${reason ?? ''}`, () => {
  let server: ApiServer;

  const run = (program: string, args: readonly string[]) => {
    const call = spawnSync(findProgram(program) ?? program, [...args], {
      encoding: 'utf8',
      env: { ...process.env, KUBECONFIG: server.kubeconfigPath, HELM_CACHE_HOME: join(server.dir, 'helm') },
    });
    return { ok: call.status === 0, text: call.stdout, complaint: call.stderr };
  };
  const succeed = (program: string, args: readonly string[]): string => {
    const { ok, text, complaint } = run(program, args);
    if (!ok) throw new Error(complaint);
    return text;
  };
  const render = (...settings: readonly string[]) =>
    run('helm', [
      ...['template', 'fedstate', CHART, '-n', 'fedstate-system', '--kube-version', '1.36.2'],
      ...settings.flatMap((setting) => ['--set', setting]),
    ]);
  const manifests = (text: string) =>
    parseAllDocuments(text)
      .map((document) => {
        const value: unknown = document.toJS();
        return value;
      })
      .filter((document) => document !== null)
      .map((document) => manifestSchema.parse(document));

  beforeAll(async () => {
    server = await startApiServer({ name: 'chart' });
  }, 120_000);
  afterAll(async () => server.stop());

  test('with its defaults the role member is what deploy/member/deployment.yaml says', () => {
    const rendered = manifests(render('roles.member=true').text).find(({ kind }) => kind === 'Deployment');
    const plain: unknown = parse(readFileSync(join(ROOT, 'deploy/member/deployment.yaml'), 'utf8'));
    expect(rendered).toEqual(plain);
  });

  test('every environment variable that it sets is one that the program reads', () => {
    const { text } = render(
      ...['roles.member=true', 'roles.control=true', 'control.temporal.address=temporal:7233'],
      ...['imagesReplace=mongo:3.6=mongo:4.2', 'member.vip=10.0.0.1', 'member.imagePullPolicy=Never'],
    );
    const config = readFileSync(join(ROOT, 'src/config.ts'), 'utf8');
    const containers = manifests(text)
      .filter(({ kind }) => kind === 'Deployment')
      .flatMap((manifest) => deploymentSchema.parse(manifest).spec.template.spec.containers);
    expect(containers.map(({ args }) => args)).toEqual(
      expect.arrayContaining([['controller'], ['worker'], ['member']]),
    );
    const names = containers.flatMap(({ env }) => env.map(({ name }) => name));
    expect(names).toEqual(
      expect.arrayContaining(['VIP', 'IMAGES_REPLACE', 'IMAGE_PULL_POLICY', 'KUBECONFIG']),
    );
    const unknown = names.filter((name) => !name.startsWith('TEMPORAL_') && !config.includes(`  ${name}:`));
    expect(unknown).toEqual([]);
  });

  test('what cannot work is refused with the remedy', () => {
    expect(render('roles.control=true').complaint).toContain('control.temporal.address must be HOST:PORT');
    expect(render('roles.karmada=true', 'roles.member=true').complaint).toContain(
      'make one release for each',
    );
  });

  test('another namespace reaches every account, binding and group', () => {
    const text = succeed('helm', [
      ...['template', 'fedstate', CHART, '-n', 'databases', '--kube-version', '1.36.2'],
      ...['--set', 'roles.karmada=true'],
    ]);
    expect(text).not.toContain('fedstate-system');
    expect(text).toContain('system:serviceaccounts:databases');
  });

  test('a real API server takes it, twice, and keeps the definitions when the release goes', () => {
    succeed('kubectl', ['apply', '-f', join(ROOT, 'deploy/member/namespace.yaml')]);
    const install = ['upgrade', '--install', 'fedstate', CHART, '-n', 'fedstate-system'];
    succeed('helm', [...install, '--set', 'roles.member=true']);
    succeed('helm', [...install, '--set', 'roles.member=true,logLevel=debug']);
    expect(
      succeed('kubectl', ['-n', 'fedstate-system', 'get', 'deployment,serviceaccount', '-o', 'name']).split(
        '\n',
      ),
    ).toEqual(expect.arrayContaining(['deployment.apps/fedstate-member', 'serviceaccount/fedstate-member']));
    succeed('helm', ['uninstall', 'fedstate', '-n', 'fedstate-system']);
    expect(succeed('kubectl', ['get', 'crd', '-o', 'name']).trim().split('\n')).toEqual([
      'customresourcedefinition.apiextensions.k8s.io/mongodbs.middleware.fedstate.io',
      'customresourcedefinition.apiextensions.k8s.io/multicloudmongodbs.middleware.fedstate.io',
    ]);
    expect(succeed('kubectl', ['get', 'clusterrole', '-o', 'name'])).not.toContain('fedstate');
  }, 60_000);
});
