import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createEventRecorder } from '../../../src/kube/event';
import { signInAs } from '../../support/account';
import { startApiServer, type ApiServer } from '../../support/api-server';
import { findProgram, skipReason } from '../../support/programs';

const RBAC = join(__dirname, '../../../deploy/rbac');
const reason = skipReason(['etcd', 'kube-apiserver', 'kubectl']);

/** `verbs resource.group[/subresource]`, in namespace shop unless another is said. */
interface Ask {
  readonly verbs: string;
  readonly resource: string;
  readonly group?: string;
  readonly namespace?: string;
  readonly name?: string | undefined;
}
const ask = (verbs: string, resource: string, group = '', namespace = 'shop', name?: string): Ask => ({
  verbs,
  resource,
  group,
  namespace,
  name,
});

const FEDSTATE = 'middleware.fedstate.io';

interface Case {
  readonly who: string;
  readonly file: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly may: readonly Ask[];
  readonly mayNot: readonly Ask[];
}

const groupsOf = (namespace: string): readonly string[] => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
  'system:authenticated',
];

const CASES: readonly Case[] = [
  {
    who: 'the controller, on Karmada',
    file: 'karmada.yaml',
    user: 'system:serviceaccount:fedstate-system:fedstate-controller',
    groups: groupsOf('fedstate-system'),
    may: [
      ask('get list watch patch', 'multicloudmongodbs', FEDSTATE),
      ask('list watch', 'resourcebindings', 'work.karmada.io'),
      ask('list watch', 'clusters', 'cluster.karmada.io'),
      ask('get create patch', 'events', 'events.k8s.io'),
    ],
    mayNot: [
      ask('create delete update', 'multicloudmongodbs', FEDSTATE),
      ask('patch', 'multicloudmongodbs/status', FEDSTATE),
      ask('get list watch create patch', 'secrets'),
      ask('get list', 'configmaps'),
      ask('get', 'clusters/proxy', 'cluster.karmada.io'),
      ask('list', 'works', 'work.karmada.io', 'karmada-es-east'),
    ],
  },
  {
    who: 'the worker, on Karmada',
    file: 'karmada.yaml',
    user: 'system:serviceaccount:fedstate-system:fedstate-worker',
    groups: groupsOf('fedstate-system'),
    may: [
      ask('get list patch', 'multicloudmongodbs', FEDSTATE),
      ask('patch', 'multicloudmongodbs/status', FEDSTATE),
      ask('update', 'multicloudmongodbs/finalizers', FEDSTATE),
      ask('get list create patch delete', 'mongodbs', FEDSTATE),
      ask('patch', 'mongodbs/status', FEDSTATE),
      ask('get list create patch delete', 'services'),
      ask('get list create patch delete', 'configmaps'),
      ask('get list create patch delete', 'secrets'),
      ask('get list create patch delete', 'propagationpolicies', 'policy.karmada.io'),
      ask('get list create patch delete', 'overridepolicies', 'policy.karmada.io'),
      ask('get list', 'resourcebindings', 'work.karmada.io'),
      ask('list patch', 'works', 'work.karmada.io', 'karmada-es-east'),
      ask('list', 'clusters', 'cluster.karmada.io'),
      ask('get patch delete', 'clusters/proxy', 'cluster.karmada.io'),
      ask('patch', 'namespaces'),
      ask('get create patch', 'events', 'events.k8s.io'),
    ],
    mayNot: [
      ask('create delete update', 'multicloudmongodbs', FEDSTATE),
      ask('patch delete', 'clusters', 'cluster.karmada.io'),
      ask('create', 'clusters/proxy', 'cluster.karmada.io'),
      ask('patch delete', 'resourcebindings', 'work.karmada.io'),
      ask('delete create', 'works', 'work.karmada.io', 'karmada-es-east'),
      ask('create', 'clusterrolebindings', 'rbac.authorization.k8s.io'),
      ask('create', 'serviceaccounts/token'),
      ask('create delete', 'namespaces'),
    ],
  },
  {
    who: 'any other ServiceAccount of the same namespace, on Karmada',
    file: 'karmada.yaml',
    user: 'system:serviceaccount:fedstate-system:other',
    groups: groupsOf('fedstate-system'),
    may: [],
    mayNot: [
      ask('get create delete', 'clusters/proxy', 'cluster.karmada.io'),
      ask('get list', 'secrets'),
      ask('get', 'multicloudmongodbs', FEDSTATE),
    ],
  },
  {
    who: 'the member manager',
    file: 'member.yaml',
    user: 'system:serviceaccount:fedstate-system:fedstate-member',
    groups: groupsOf('fedstate-system'),
    may: [
      ask('list watch patch', 'mongodbs', FEDSTATE),
      ask('patch', 'mongodbs/status', FEDSTATE),
      ask('update', 'mongodbs/finalizers', FEDSTATE),
      ask('get list watch create patch delete', 'statefulsets', 'apps'),
      ask('get list watch create patch delete', 'services'),
      ask('get list watch create patch delete', 'configmaps'),
      ask('get list watch create patch', 'secrets'),
      ask('list watch delete', 'pods'),
      ask('list watch patch delete', 'persistentvolumeclaims'),
      ask('get create patch', 'poddisruptionbudgets', 'policy'),
      ask('get create patch', 'servicemonitors', 'monitoring.coreos.com'),
      ask('get create patch', 'events', 'events.k8s.io'),
      ask('create', 'leases', 'coordination.k8s.io', 'fedstate-system'),
      ask('get patch', 'leases', 'coordination.k8s.io', 'fedstate-system', 'fedstate-member-manager'),
    ],
    mayNot: [
      ask('create delete', 'mongodbs', FEDSTATE),
      ask('create', 'pods/exec'),
      ask('create', 'pods'),
      ask('get patch', 'leases', 'coordination.k8s.io', 'kube-system', 'fedstate-member-manager'),
      ask('get patch', 'leases', 'coordination.k8s.io', 'fedstate-system', 'another'),
      ask('delete', 'secrets'),
      ask('get', 'nodes'),
      ask('create', 'rolebindings', 'rbac.authorization.k8s.io'),
      ask('get', 'multicloudmongodbs', FEDSTATE),
    ],
  },
  {
    who: 'the worker, in a member',
    file: 'member.yaml',
    user: 'system:serviceaccount:fedstate-system:fedstate-worker',
    groups: groupsOf('fedstate-system'),
    may: [
      ask('list', 'nodes'),
      ask('list', 'storageclasses', 'storage.k8s.io'),
      ask('list delete', 'pods'),
      ask('get list delete', 'mongodbs', FEDSTATE),
      ask('get list delete', 'services'),
      ask('get list delete', 'secrets'),
      ask('get list delete', 'configmaps'),
      ask('get delete', 'persistentvolumeclaims'),
      ask('list', 'statefulsets', 'apps'),
      ask('get patch', 'namespaces'),
    ],
    mayNot: [
      ask('create patch update', 'mongodbs', FEDSTATE),
      ask('create delete', 'namespaces'),
      ask('delete patch', 'statefulsets', 'apps'),
      ask('create patch', 'secrets'),
      ask('create patch', 'pods'),
      ask('list create patch', 'persistentvolumeclaims'),
      ask('create', 'pods/exec'),
      ask('delete patch', 'nodes'),
    ],
  },
];

const TELLERS = [
  { file: 'karmada.yaml', account: 'fedstate-controller' },
  { file: 'karmada.yaml', account: 'fedstate-worker' },
  { file: 'member.yaml', account: 'fedstate-member' },
] as const;

(reason === undefined ? describe : describe.skip)(`rights on a real API server ${reason ?? ''}`, () => {
  let server: ApiServer;
  const kubectl = (args: readonly string[], input?: string): string =>
    execFileSync(findProgram('kubectl') ?? 'kubectl', ['--kubeconfig', server.kubeconfigPath, ...args], {
      encoding: 'utf8',
      input,
    });

  beforeAll(async () => {
    server = await startApiServer({ name: 'rbac' });
    kubectl(['create', 'namespace', 'fedstate-system']);
  }, 120_000);
  afterAll(async () => server.stop());

  describe.each(['karmada.yaml', 'member.yaml'])('%s', (file) => {
    beforeAll(() => kubectl(['apply', '--server-side', '-f', join(RBAC, file)]));
    afterAll(() => kubectl(['delete', '-f', join(RBAC, file)]));

    test.each(CASES.filter((one) => one.file === file))('$who', ({ user, groups, may, mayNot }) => {
      const answers = (asks: readonly Ask[]): string[] => {
        const questions = asks.flatMap((one) => one.verbs.split(' ').map((verb) => ({ ...one, verb })));
        if (questions.length === 0) return [];
        const list = {
          apiVersion: 'v1',
          kind: 'List',
          items: questions.map(({ verb, resource, group, namespace, name }) => ({
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SubjectAccessReview',
            spec: {
              user,
              groups,
              resourceAttributes: {
                verb,
                group,
                namespace,
                name,
                resource: resource.split('/')[0],
                subresource: resource.split('/')[1],
              },
            },
          })),
        };
        const lines = kubectl(
          ['create', '-o', 'jsonpath={.status.allowed}{"\\n"}', '-f', '-'],
          JSON.stringify(list),
        ).split('\n');
        return questions.map(({ verb, resource }, index) => `${verb} ${resource}: ${lines[index] ?? ''}`);
      };
      const expected = (asks: readonly Ask[], allowed: boolean): string[] =>
        asks.flatMap((one) => one.verbs.split(' ').map((verb) => `${verb} ${one.resource}: ${allowed}`));

      expect(answers(may)).toEqual(expected(may, true));
      expect(answers(mayNot)).toEqual(expected(mayNot, false));
    });

    test.each(TELLERS.filter((one) => one.file === file))(
      '$account may tell Events, count up what it told, and what it told before it was started anew',
      async ({ account }) => {
        const kube = await signInAs(
          account,
          file === 'karmada.yaml' ? 'karmada' : 'member',
          server.kubeconfigPath,
        );
        const failures: string[] = [];
        const recorder = () =>
          createEventRecorder(kube, { component: account, onFailure: (message) => failures.push(message) });
        const regarding = {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: 'default', namespace: 'default' },
        };
        const news = { type: 'Normal', reason: 'Told', action: 'Tell', note: 'again' } as const;
        const first = recorder();
        for (const teller of [first, first, recorder()]) await teller.record(regarding, news);
        const counts = kubectl([
          ...['get', 'events.events.k8s.io', '-n', 'default', '-o'],
          `jsonpath={.items[?(@.reportingController=="middleware.fedstate.io/${account}")].series.count}`,
        ]);
        kube.transport.close();
        expect(failures).toEqual([]);
        expect(counts).toBe('3');
      },
    );
  });
});
