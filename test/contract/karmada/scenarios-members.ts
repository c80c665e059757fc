import { listAt, objectAt, stringAt, valueAt } from '../../../local/karmada/kube/json';
import {
  BINDING,
  CLUSTER,
  conditionOf,
  eventually,
  eventuallyEquals,
  MONGODB,
  pause,
  remains,
  WORK,
  type Lab,
} from './lab';
import { normalise } from './normalise';
import {
  aggregatedOf,
  bindingOf,
  clustersOf,
  golden,
  labelsIn,
  memberOf,
  membersIn,
  mongodb,
  NAMESPACE,
  override,
  patch,
  policy,
  refusal,
  selecting,
  service,
  workOf,
} from './shapes';

const isReady = async (lab: Lab, name: string): Promise<boolean> =>
  conditionOf(await lab.karmada.get(CLUSTER, '', name), 'Ready')?.['status'] === 'True';

export function describeMembers(lab: () => Lab): void {
  const removeTemplate = (name: string): Promise<void> => lab().karmada.remove(MONGODB, NAMESPACE, name);

  describe('drift', () => {
    it('is repaired, foreign marks stay, the deleted is made again without its status (F40)', async () => {
      await lab().karmada.apply(policy('drift', ['east']));
      await lab().karmada.apply(mongodb('drift'));
      await eventuallyEquals(() => membersIn(lab(), 'east', 'drift'), 5);
      await lab().east.merge(MONGODB, NAMESPACE, 'drift', {
        metadata: {
          labels: { foreign: 'label' },
          annotations: { foreign: 'note' },
          finalizers: ['example.com/hold'],
        },
        spec: { members: 9, unknown: 'field' },
      });
      await eventuallyEquals(async () => objectAt(await memberOf(lab(), 'east', 'drift'), 'spec'), {
        members: 5,
      });
      const kept = await memberOf(lab(), 'east', 'drift');
      expect(labelsIn(kept)['foreign']).toBe('label');
      expect(stringAt(kept, 'metadata', 'annotations', 'foreign')).toBe('note');
      expect(listAt(kept, 'metadata', 'finalizers')).toEqual(['example.com/hold']);
      await lab().east.merge(MONGODB, NAMESPACE, 'drift', { metadata: { finalizers: null } });
      await lab().east.report(MONGODB, NAMESPACE, 'drift', { state: 'Running' });
      await lab().east.remove(MONGODB, NAMESPACE, 'drift');
      await eventually('made again', async () => {
        const made = await memberOf(lab(), 'east', 'drift');
        return made !== undefined && valueAt(made, 'metadata', 'uid') !== valueAt(kept, 'metadata', 'uid');
      });
      expect(valueAt(await memberOf(lab(), 'east', 'drift'), 'status')).toBeUndefined();
      await eventually('ReCreateSuccessful', async () => {
        return (
          conditionOf(await workOf(lab(), 'east', 'drift'), 'Applied')?.['reason'] === 'ReCreateSuccessful'
        );
      });
    });

    it('is let alone when the managed label is taken off; the next change is refused (F41)', async () => {
      await lab().east.merge(MONGODB, NAMESPACE, 'drift', {
        metadata: { labels: { 'karmada.io/managed': null } },
      });
      await lab().east.report(MONGODB, NAMESPACE, 'drift', { state: 'Fenced' });
      await lab().east.merge(MONGODB, NAMESPACE, 'drift', { spec: { members: 9 } });
      await remains('let go', async () => {
        const status = valueAt(
          aggregatedOf(await bindingOf(lab(), 'drift'), 'east') ?? {},
          'status',
          'state',
        );
        return (await membersIn(lab(), 'east', 'drift')) === 9 && status !== 'Fenced';
      });
      await lab().karmada.merge(MONGODB, NAMESPACE, 'drift', { spec: { note: 'x' } });
      await eventually('refused', async () =>
        stringAt(aggregatedOf(await bindingOf(lab(), 'drift'), 'east'), 'appliedMessage')?.includes(
          'already exists in the cluster east',
        ),
      );
      await removeTemplate('drift');
      await eventually('Work gone', async () => (await workOf(lab(), 'east', 'drift')) === undefined);
      expect(await membersIn(lab(), 'east', 'drift')).toBe(9);
      await lab().east.remove(MONGODB, NAMESPACE, 'drift');
    });
  });

  describe('conflicts', () => {
    it('with what a member has already are told in the recorded words, Overwrite takes over (F33, 06-a, 06-b)', async () => {
      const wanted = golden('conflict.yaml', 'adoptedByHand');
      const spec = objectAt(wanted, 'spec');
      await lab().west.apply(
        mongodb('exist', { ...spec, members: 77, extra: 'keepme' }, { labels: { hand: 'made' } }),
      );
      await lab().west.report(MONGODB, NAMESPACE, 'exist', { state: 'Running' });
      await lab().karmada.apply(
        override('exist', { west: { plaintext: [patch('replace', '/spec/members', 1)] } }),
      );
      const preserve = { preserveResourcesOnDeletion: true };
      await lab().karmada.apply(policy('exist', ['east', 'west'], preserve));
      await lab().karmada.apply(mongodb('exist', { ...spec, members: 5 }));
      await eventuallyEquals(
        async () =>
          normalise([
            (await bindingOf(lab(), 'exist'))?.['status'] ?? null,
            (await workOf(lab(), 'west', 'exist'))?.['status'] ?? null,
          ]),
        normalise([golden('conflict.yaml', 'bindingStatus'), golden('conflict.yaml', 'workStatus')]),
      );
      await lab().karmada.apply(
        policy('exist', ['east', 'west'], { ...preserve, conflictResolution: 'Overwrite' }),
      );
      await eventuallyEquals(
        async () => normalise((await memberOf(lab(), 'west', 'exist')) ?? null),
        normalise(wanted),
      );
      await removeTemplate('exist');
    });

    it('over a NodePort fail in that cluster alone; freed and touched it is made at once (F38, F39)', async () => {
      await lab().west.apply(service('taker', 31555));
      await lab().karmada.apply(
        selecting('np', [{ apiVersion: 'v1', kind: 'Service', name: 'np' }], ['east', 'west', 'north']),
      );
      await lab().karmada.apply(service('np', 31555));
      await eventuallyEquals(
        async () =>
          normalise((await lab().karmada.get(BINDING, NAMESPACE, 'np-service'))?.['status'] ?? null),
        normalise(golden('conflict.yaml', 'nodePortStatus')),
      );
      await pause(1_500);
      await lab().west.remove('v1 Service', NAMESPACE, 'taker');
      const before = Date.now();
      await lab().karmada.merge('v1 Service', NAMESPACE, 'np', {
        metadata: { annotations: { touched: 'yes' } },
      });
      await eventually('made', () => lab().west.get('v1 Service', NAMESPACE, 'np'), 2_000);
      expect(Date.now() - before).toBeLessThan(2_000);
      await lab().karmada.remove('v1 Service', NAMESPACE, 'np');
    });

    it('a namespace of before is not taken over, does no harm, and outlives the one on Karmada (F4, F62)', async () => {
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'pre' } };
      await lab().east.create(namespace);
      await lab().karmada.create(namespace);
      await eventually('in west', () => lab().west.get('v1 Namespace', '', 'pre'));
      const own = policy('inpre', ['east', 'west'], { preserveResourcesOnDeletion: true });
      await lab().karmada.apply({ ...own, metadata: { name: 'inpre', namespace: 'pre' } });
      await lab().karmada.apply({ ...mongodb('inpre'), metadata: { name: 'inpre', namespace: 'pre' } });
      await eventually('object in east', () => lab().east.get(MONGODB, 'pre', 'inpre'));
      await eventually('object in west', () => lab().west.get(MONGODB, 'pre', 'inpre'));
      const works = await lab().karmada.list(WORK, 'karmada-es-east');
      const refused = works.find((work) => stringAt(work, 'metadata', 'name')?.startsWith('pre-') === true);
      expect(conditionOf(refused, 'Applied')?.['message']).toBe(
        'Failed to apply all manifests (0/1): resource(kind=Namespace, /pre) already exists in the cluster east and the ' +
          'work.karmada.io/conflict-resolution strategy value is empty, Karmada will not manage this resource',
      );
      await lab().karmada.remove('v1 Namespace', '', 'pre');
      await eventually(
        'gone in west',
        async () => (await lab().west.get('v1 Namespace', '', 'pre')) === undefined,
        90_000,
      );
      expect(await lab().east.get('v1 Namespace', '', 'pre')).toBeDefined();
      const kept = await lab().east.get(MONGODB, 'pre', 'inpre');
      expect(kept).toBeDefined();
      expect(labelsIn(kept)['karmada.io/managed']).toBeUndefined();
    });
  });

  describe('statuses', () => {
    it('flow from the member into the binding whole, and the template keeps its own (F42)', async () => {
      await lab().karmada.apply(policy('st', ['east', 'west']));
      await lab().karmada.apply(mongodb('st'));
      await eventuallyEquals(() => membersIn(lab(), 'west', 'st'), 5);
      const status = { state: 'Running', conditions: [{ type: 'Ready', status: 'True' }], replicas: 2 };
      await lab().east.report(MONGODB, NAMESPACE, 'st', status);
      await eventuallyEquals(
        async () => valueAt(aggregatedOf(await bindingOf(lab(), 'st'), 'east') ?? {}, 'status') ?? null,
        status,
      );
      expect(aggregatedOf(await bindingOf(lab(), 'st'), 'east')?.['health']).toBe('Healthy');
      await lab().karmada.report(MONGODB, NAMESPACE, 'st', { fromControlPlane: 'x' });
      await lab().east.report(MONGODB, NAMESPACE, 'st', null);
      await eventually(
        'gone',
        async () => valueAt(aggregatedOf(await bindingOf(lab(), 'st'), 'east') ?? {}, 'status') === undefined,
      );
      const template = await lab().karmada.get(MONGODB, NAMESPACE, 'st');
      expect(template?.['status']).toEqual({ fromControlPlane: 'x' });
      expect((await memberOf(lab(), 'west', 'st'))?.['status']).toBeUndefined();
      await removeTemplate('st');
    });
  });

  describe('scheduling', () => {
    it('no placement means everywhere, unknown names are ignored, exclude and labels work (F59)', async () => {
      const all = policy('everywhere', []);
      await lab().karmada.apply({ ...all, spec: { ...objectAt(all, 'spec'), placement: {} } });
      await lab().karmada.apply(mongodb('everywhere'));
      await eventuallyEquals(() => clustersOf(lab(), 'everywhere'), ['east', 'north', 'west']);
      const place = (clusterAffinity: Record<string, string[]>) =>
        policy('everywhere', [], { placement: { clusterAffinity } });
      await lab().karmada.apply(place({ clusterNames: ['west', 'atlantis'] }));
      await eventuallyEquals(() => clustersOf(lab(), 'everywhere'), ['west']);
      await lab().karmada.apply(place({ exclude: ['west'] }));
      await eventuallyEquals(() => clustersOf(lab(), 'everywhere'), ['east', 'north']);
      await lab().karmada.apply(
        policy('everywhere', [], {
          placement: { clusterAffinity: { labelSelector: { matchLabels: { vip: 'vip-north' } } } },
        }),
      );
      await eventuallyEquals(() => clustersOf(lab(), 'everywhere'), ['north']);
    });

    it('says in the recorded words why nothing fits (refusals)', async () => {
      const message = async (): Promise<string> =>
        stringAt(conditionOf(await bindingOf(lab(), 'everywhere'), 'Scheduled'), 'message') ?? '';
      const spread = (spreadByField: string, minGroups: number) => ({
        spreadByField,
        minGroups,
        maxGroups: minGroups,
      });
      await lab().karmada.apply(policy('everywhere', ['atlantis']));
      await eventuallyEquals(message, refusal('scheduling', 'no cluster fits (affinity)'));
      expect(await clustersOf(lab(), 'everywhere')).toEqual([]);
      await lab().karmada.apply(
        policy('everywhere', [], {
          placement: { spreadConstraints: [spread('region', 1), spread('cluster', 2)] },
        }),
      );
      await eventuallyEquals(message, refusal('scheduling', 'spread by region'));
      await lab().karmada.apply(
        policy('everywhere', [], { placement: { spreadConstraints: [spread('cluster', 4)] } }),
      );
      await eventuallyEquals(message, refusal('scheduling', 'too few clusters'));
      expect(conditionOf(await bindingOf(lab(), 'everywhere'), 'Scheduled')?.['reason']).toBe(
        'SchedulerError',
      );
      await lab().karmada.apply(
        policy('everywhere', [], { placement: { spreadConstraints: [spread('cluster', 2)] } }),
      );
      await eventuallyEquals(() => clustersOf(lab(), 'everywhere'), ['east', 'north']);
      await removeTemplate('everywhere');
    });

    it('keeps new bindings off a taint they do not tolerate, and looks again when it goes (F48, F53)', async () => {
      await lab().karmada.merge(CLUSTER, '', 'west', {
        spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] },
      });
      await lab().karmada.apply(policy('taint', ['west']));
      await lab().karmada.apply(
        policy('tolerant', ['west'], {
          placement: {
            clusterAffinity: { clusterNames: ['west'] },
            clusterTolerations: [{ operator: 'Exists' }],
          },
        }),
      );
      await lab().karmada.apply(mongodb('taint'));
      await lab().karmada.apply(mongodb('tolerant'));
      await eventuallyEquals(() => clustersOf(lab(), 'tolerant'), ['west']);
      await eventuallyEquals(
        async () => stringAt(conditionOf(await bindingOf(lab(), 'taint'), 'Scheduled'), 'message') ?? '',
        refusal('scheduling', 'no cluster fits (taint)'),
      );
      await lab().karmada.merge(CLUSTER, '', 'west', { spec: { taints: null } });
      await eventuallyEquals(() => clustersOf(lab(), 'taint'), ['west']);
      await removeTemplate('taint');
      await removeTemplate('tolerant');
    });

    it('leaves bindings of another scheduler to it, and dispatches what it writes (F60)', async () => {
      const spec = objectAt(golden('scheduling.yaml', 'foreign'), 'spec');
      const image = { members: 5 };
      await lab().karmada.apply(policy('foreign', ['east', 'west'], { schedulerName: 'fedstate' }));
      await lab().karmada.apply(mongodb('foreign', image));
      await eventually('binding', () => bindingOf(lab(), 'foreign'));
      await pause(300);
      expect(normalise((await bindingOf(lab(), 'foreign')) ?? null)).toEqual(
        normalise(golden('scheduling.yaml', 'foreign')),
      );
      expect(spec['clusters']).toBeUndefined();
      await lab().karmada.merge(BINDING, NAMESPACE, 'foreign-mongodb', {
        spec: {
          clusters: [
            { name: 'east', replicas: 2 },
            { name: 'west', replicas: 1 },
          ],
        },
      });
      await eventuallyEquals(
        async () => normalise((await bindingOf(lab(), 'foreign')) ?? null),
        normalise(golden('scheduling.yaml', 'foreignAfter')),
      );
      await lab().karmada.merge(BINDING, NAMESPACE, 'foreign-mongodb', {
        spec: { clusters: [{ name: 'east', replicas: 2 }] },
      });
      await eventuallyEquals(() => membersIn(lab(), 'west', 'foreign'), null);
      await removeTemplate('foreign');
    });

    it('puts clusters back that were edited by hand (F37)', async () => {
      await lab().karmada.apply(policy('manrb', ['east', 'west']));
      await lab().karmada.apply(mongodb('manrb'));
      await eventually('there', () => memberOf(lab(), 'west', 'manrb'));
      await lab().karmada.merge(BINDING, NAMESPACE, 'manrb-mongodb', {
        spec: { clusters: [{ name: 'east' }] },
      });
      await eventuallyEquals(() => clustersOf(lab(), 'manrb'), ['east', 'west']);
      await eventually('there again', async () => {
        const there = await memberOf(lab(), 'west', 'manrb');
        return there !== undefined && (await bindingOf(lab(), 'manrb')) !== undefined;
      });
      await removeTemplate('manrb');
    });
  });

  describe('clusters', () => {
    it('look as recorded when Ready, with models, kinds and conditions (F45, F68)', async () => {
      const east = await lab().karmada.get(CLUSTER, '', 'east');
      expect(valueAt(east, 'spec', 'resourceModels')).toEqual(golden('cluster.yaml', 'models'));
      expect(normalise(valueAt(east, 'status', 'conditions') ?? null)).toEqual(
        normalise(golden('cluster.yaml', 'readyConditions')),
      );
      expect(stringAt(east, 'status', 'kubernetesVersion')).toMatch(/^v/);
      const groups = listAt(east, 'status', 'apiEnablements').map((group) => valueAt(group, 'groupVersion'));
      expect(groups).toEqual(expect.arrayContaining(['apps/v1', 'middleware.fedstate.io/v1alpha1', 'v1']));
      expect([...groups].sort()).toEqual(groups);
      expect(listAt(east, 'metadata', 'finalizers')).toEqual(['karmada.io/cluster-controller']);
    });

    it('count their nodes, bound and pending pods (F68)', async () => {
      const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } };
      await lab().north.connection.call('POST', '/api/v1/nodes', { body: node });
      await lab().north.connection.call('PATCH', '/api/v1/nodes/n1/status', {
        contentType: 'application/merge-patch+json',
        body: {
          status: {
            allocatable: { cpu: '2', memory: '24581684Ki', pods: '110' },
            conditions: [{ type: 'Ready', status: 'True' }],
          },
        },
      });
      await eventuallyEquals(async () => {
        const status = objectAt(await lab().karmada.get(CLUSTER, '', 'north'), 'status');
        return [
          valueAt(status, 'nodeSummary') ?? null,
          valueAt(status, 'resourceSummary', 'allocatable') ?? null,
        ];
      }, [
        { totalNum: 1, readyNum: 1 },
        { cpu: '2', memory: '24581684Ki', pods: '110' },
      ]);
      const grades = listAt(
        await lab().karmada.get(CLUSTER, '', 'north'),
        'status',
        'resourceSummary',
        'allocatableModelings',
      );
      expect(grades.filter((grade) => valueAt(grade, 'count') === 1)).toEqual([{ grade: 2, count: 1 }]);
    });

    it('lost: Ready=False and a taint, the binding stays as it was (F45), deleted templates wait (F47)', async () => {
      const preserve = { preserveResourcesOnDeletion: true };
      await lab().karmada.apply(policy('losta', ['east', 'west'], preserve));
      await lab().karmada.apply(policy('lostx', ['west'], preserve));
      await lab().karmada.apply(policy('losty', ['east', 'west']));
      for (const name of ['losta', 'lostx', 'losty']) await lab().karmada.apply(mongodb(name));
      for (const name of ['losta', 'lostx', 'losty'])
        await eventuallyEquals(() => membersIn(lab(), 'west', name), 5);
      await eventually('everything has settled', async () => {
        const binding = await bindingOf(lab(), 'losta');
        return ['east', 'west'].every((name) => aggregatedOf(binding, name)?.['health'] === 'Healthy');
      });
      const before = normalise((await bindingOf(lab(), 'losta')) ?? null);

      await lab().servers.west.halt();
      await eventually('Ready=False', async () => !(await isReady(lab(), 'west')), 40_000);
      const cluster = await lab().karmada.get(CLUSTER, '', 'west');
      expect(normalise(valueAt(cluster, 'status', 'conditions') ?? null)).toEqual(
        normalise(golden('cluster.yaml', 'lostConditions')),
      );
      await eventuallyEquals(
        async () =>
          normalise(valueAt(await lab().karmada.get(CLUSTER, '', 'west'), 'spec', 'taints') ?? null),
        normalise(golden('cluster.yaml', 'taints')),
      );
      expect(normalise((await bindingOf(lab(), 'losta')) ?? null)).toEqual(before);

      await removeTemplate('lostx');
      await lab().karmada.apply(policy('losty', ['east']));
      await lab().karmada.apply(policy('lostn', ['east', 'west']));
      await lab().karmada.apply(mongodb('lostn'));
      await eventuallyEquals(() => clustersOf(lab(), 'lostn'), ['east']);
      await eventuallyEquals(() => clustersOf(lab(), 'losty'), ['east']);
      expect(await bindingOf(lab(), 'lostx')).toBeUndefined();
      const left = await workOf(lab(), 'west', 'lostx');
      expect(valueAt(left, 'metadata', 'deletionTimestamp')).toBeDefined();
      expect(listAt(left, 'metadata', 'finalizers')).toEqual(
        listAt(golden('lost.yaml', 'terminatingWork'), 'metadata', 'finalizers'),
      );
      // F47: the entry of the dropped cluster stays, applied, until its Work is gone.
      expect(aggregatedOf(await bindingOf(lab(), 'losty'), 'west')?.['applied']).toBe(true);
      await lab().karmada.merge(MONGODB, NAMESPACE, 'losta', { spec: { note: 'while-lost' } });
      await eventually(
        'east follows',
        async () => valueAt(await memberOf(lab(), 'east', 'losta'), 'spec', 'note') === 'while-lost',
      );
    });

    it('back: the taint goes, what waited is done, a kick makes it at once (F45–F48)', async () => {
      await lab().servers.west.resume();
      await eventually('Ready=True', () => isReady(lab(), 'west'), 40_000);
      await eventuallyEquals(() => clustersOf(lab(), 'lostn'), ['east', 'west']);
      await lab().karmada.merge(MONGODB, NAMESPACE, 'losta', { spec: { note: 'kicked' } });
      await eventually(
        'kicked',
        async () => valueAt(await memberOf(lab(), 'west', 'losta'), 'spec', 'note') === 'kicked',
        5_000,
      );
      const kick = async (name: string): Promise<void> => {
        const work = stringAt(await workOf(lab(), 'west', name), 'metadata', 'name');
        if (work === undefined) return;
        await lab().karmada.merge(WORK, 'karmada-es-west', work, { spec: { suspendDispatching: true } });
      };
      await kick('lostx');
      await kick('losty');
      await eventuallyEquals(() => membersIn(lab(), 'west', 'losty'), null);
      await eventually(
        'released',
        async () => labelsIn(await memberOf(lab(), 'west', 'lostx'))['karmada.io/managed'] === undefined,
      );
      expect(await memberOf(lab(), 'west', 'lostx')).toBeDefined();
      await eventually(
        'entry gone',
        async () => aggregatedOf(await bindingOf(lab(), 'losty'), 'west') === undefined,
      );
      for (const name of ['losta', 'losty', 'lostn']) await removeTemplate(name);
    });

    it('repair hand edits of the silence as soon as they are back (F46)', async () => {
      await lab().karmada.apply(policy('silent', ['west']));
      await lab().karmada.apply(mongodb('silent'));
      await eventuallyEquals(() => membersIn(lab(), 'west', 'silent'), 5);
      await lab().halt();
      await lab().west.merge(MONGODB, NAMESPACE, 'silent', { spec: { members: 9 } });
      await lab().start();
      await eventuallyEquals(() => membersIn(lab(), 'west', 'silent'), 5);
      await removeTemplate('silent');
    });
  });
}
