import {
  listAt,
  objectAt,
  removeAt,
  stringAt,
  valueAt,
  type JsonObject,
} from '../../../local/karmada/kube/json';
import { ApiError } from '../../../local/karmada/kube/connection';
import {
  CLUSTER,
  conditionOf,
  eventually,
  eventuallyEquals,
  MONGODB,
  OVERRIDE,
  pause,
  POLICY,
  WORK,
  type Lab,
} from './lab';
import {
  aggregatedOf,
  bindingOf,
  clustersOf,
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
} from './shapes';

async function refused(call: Promise<unknown>): Promise<{ code: number; message: string }> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ApiError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('was accepted');
}

export function describeRest(lab: () => Lab): void {
  describe('admission', () => {
    const deny = async (words: string, call: Promise<unknown>, code = 403): Promise<void> => {
      expect(await refused(call)).toEqual({ code, message: refusal('admission', words) });
    };
    const current = async (name: string): Promise<JsonObject> =>
      eventually(name, () => lab().karmada.get(POLICY, NAMESPACE, name));

    it('refuses what a real webhook refuses, in its words (F23, refusals)', async () => {
      await lab().karmada.apply(policy('strict', ['east']));
      const stored = await current('strict');
      const without = { ...objectAt(stored, 'metadata'), labels: {} };
      await deny('but without the label', lab().karmada.replace({ ...stored, metadata: without }));
      const bare = { ...objectAt(stored, 'metadata') };
      removeAt(bare, 'resourceVersion');
      expect(await refused(lab().karmada.replace({ ...stored, metadata: bare }))).toEqual({
        code: 422,
        message: refusal('admission', 'without metadata.resourceVersion').replace('"orders"', '"strict"'),
      });
      await deny(
        'change spec.schedulerName',
        lab().karmada.apply(policy('strict', ['east'], { schedulerName: 'other' })),
      );
      await deny(
        'maxGroups below minGroups',
        lab().karmada.apply(
          policy('x', [], {
            placement: { spreadConstraints: [{ spreadByField: 'cluster', minGroups: 3, maxGroups: 2 }] },
          }),
        ),
      );
      await deny(
        'selector in another namespace',
        lab().karmada.apply(
          selecting('x', [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', namespace: 'other' }], ['east']),
        ),
      );
      await deny(
        'suspension with dispatching and',
        lab().karmada.apply(
          policy('x', ['east'], {
            suspension: { dispatching: true, dispatchingOnClusters: { clusterNames: ['west'] } },
          }),
        ),
      );
      const rules = [{ overriders: { plaintext: [patch('add', '/spec/a', 1)] } }];
      const both = {
        ...override('x', {}),
        spec: { overrideRules: rules, overriders: objectAt(rules[0], 'overriders') },
      };
      await deny('overrideRules and overriders', lab().karmada.apply(both));
      const bad = await refused(
        lab().karmada.apply(override('x', { east: { labels: { 'bad key!': 'v' } } })),
      );
      expect(bad.message).toContain(refusal('admission', 'malformed key').replace(/ \.\.\.$/, ''));
      const empty = await refused(lab().karmada.apply(selecting('x', [], ['east'])));
      expect(empty.code).toBe(422);
      expect(empty.message).toContain('spec.resourceSelectors in body should have at least 1 items');
      const unknown = await refused(
        lab().karmada.apply({ ...override('x', {}), spec: { overrideRules: [{ overriders: {}, foo: 1 }] } }),
      );
      expect(unknown.message).toBe(refusal('admission', 'unknown field'));
    });

    it('accepts what a real webhook accepts: odd paths, long names, PUTs of overrides (F22, F23)', async () => {
      await lab().karmada.apply(override('lax', { east: { plaintext: [patch('add', 'no-slash', 1)] } }));
      const stored = await eventually('lax', () => lab().karmada.get(OVERRIDE, NAMESPACE, 'lax'));
      await lab().karmada.replace({ ...stored, metadata: { ...objectAt(stored, 'metadata'), labels: {} } });
      await lab().karmada.apply(policy('n'.repeat(70), ['east']));
      for (const [kind, name] of [
        [OVERRIDE, 'lax'],
        [POLICY, 'n'.repeat(70)],
      ] as const) {
        await lab().karmada.remove(kind, NAMESPACE, name);
      }
    });

    it('protects what is labelled from deletion: templates, policies, overrides, namespaces (F61)', async () => {
      const marked = { 'resourcetemplate.karmada.io/deletion-protected': 'Always' };
      const mark = (labels: JsonObject | null) => ({ metadata: { labels } });
      await lab().karmada.apply(
        override('guard', { east: { plaintext: [patch('replace', '/spec/members', 2)] } }),
      );
      await lab().karmada.apply(policy('guard', ['east']));
      await lab().karmada.apply(mongodb('guard', { members: 5 }, { labels: marked }));
      await lab().karmada.create({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'guarded', labels: marked },
      });
      const things = [
        [MONGODB, NAMESPACE, 'guard'],
        [POLICY, NAMESPACE, 'guard'],
        [OVERRIDE, NAMESPACE, 'guard'],
        ['v1 Namespace', '', 'guarded'],
      ] as const;
      for (const [kind, namespace, name] of things) {
        await lab().karmada.merge(kind, namespace, name, mark(marked));
        await deny('DELETE (or deletecollection)', lab().karmada.remove(kind, namespace, name));
      }
      await eventuallyEquals(() => membersIn(lab(), 'east', 'guard'), 2);
      expect(labelsIn(await memberOf(lab(), 'east', 'guard'))).toMatchObject(marked);
      for (const [kind, namespace, name] of things) {
        await lab().karmada.merge(
          kind,
          namespace,
          name,
          mark({ 'resourcetemplate.karmada.io/deletion-protected': null }),
        );
        await lab().karmada.remove(kind, namespace, name);
      }
    });
  });

  describe('the stand-in itself', () => {
    it('goes on where it was after it was stopped in the middle', async () => {
      await lab().karmada.apply(policy('resume', ['east', 'west']));
      await lab().karmada.apply(mongodb('resume'));
      await eventuallyEquals(() => membersIn(lab(), 'west', 'resume'), 5);
      await lab().halt();
      await lab().karmada.merge(MONGODB, NAMESPACE, 'resume', { spec: { members: 6 } });
      await lab().start();
      await eventuallyEquals(
        async () => [await membersIn(lab(), 'east', 'resume'), await membersIn(lab(), 'west', 'resume')],
        [6, 6],
      );
      await lab().halt();
      await removeTemplate('resume');
      await lab().start();
      await eventuallyEquals(
        async () => [await membersIn(lab(), 'east', 'resume'), await membersIn(lab(), 'west', 'resume')],
        [null, null],
      );
      await eventually('binding gone', async () => (await bindingOf(lab(), 'resume')) === undefined);
    });

    it('survives a restart of the control plane and of a member', async () => {
      await lab().karmada.apply(policy('outage', ['east', 'west']));
      await lab().karmada.apply(mongodb('outage'));
      await eventuallyEquals(() => membersIn(lab(), 'west', 'outage'), 5);
      await lab().servers.karmada.halt();
      await lab().servers.karmada.resume();
      await eventually(
        'writable again',
        async () => lab().karmada.merge(MONGODB, NAMESPACE, 'outage', { spec: { members: 7 } }),
        40_000,
      );
      await eventuallyEquals(() => membersIn(lab(), 'west', 'outage'), 7, 40_000);
      await lab().servers.east.halt();
      await lab().servers.east.resume();
      await eventually(
        'repaired',
        async () => {
          await lab().east.merge(MONGODB, NAMESPACE, 'outage', { spec: { members: 1 } });
          await pause(300);
          return (await membersIn(lab(), 'east', 'outage')) === 7;
        },
        40_000,
      );
      await removeTemplate('outage');
    });

    it('writes nothing while nothing happens', async () => {
      await pause(1_500);
      const version = async (): Promise<string> => {
        const all = await lab().karmada.connection.call('GET', '/apis/work.karmada.io/v1alpha1/works');
        const bindings = await lab().karmada.connection.call(
          'GET',
          '/apis/work.karmada.io/v1alpha2/resourcebindings',
        );
        const clusters = await lab().karmada.connection.call(
          'GET',
          '/apis/cluster.karmada.io/v1alpha1/clusters',
        );
        return JSON.stringify(
          [all, bindings, clusters].map((list) =>
            listAt(list, 'items').map((item) => stringAt(item, 'metadata', 'resourceVersion')),
          ),
        );
      };
      const before = await version();
      await pause(2_500);
      expect(await version()).toBe(before);
    });
  });

  describe('unregistering', () => {
    it('takes the namespaces Karmada made along, preserve or not; where it did not, objects are released (F64)', async () => {
      // North's namespace is taken out of Karmada's hands first, west's is not.
      await lab().north.merge('v1 Namespace', '', NAMESPACE, {
        metadata: { labels: { 'karmada.io/managed': null } },
      });
      await lab().karmada.apply(
        policy('uj1', ['east', 'west', 'north'], { preserveResourcesOnDeletion: true }),
      );
      await lab().karmada.apply(policy('unclaimed', ['east', 'west']));
      await lab().karmada.apply(mongodb('unclaimed'));
      await eventuallyEquals(() => clustersOf(lab(), 'unclaimed'), ['east', 'west']);
      await lab().karmada.remove(POLICY, NAMESPACE, 'unclaimed');
      await lab().karmada.apply(mongodb('uj1'));
      await eventuallyEquals(
        async () => [await membersIn(lab(), 'west', 'uj1'), await membersIn(lab(), 'north', 'uj1')],
        [5, 5],
      );
      await lab().karmada.remove(CLUSTER, '', 'west');
      await lab().karmada.remove(CLUSTER, '', 'north');
      await eventuallyEquals(() => clustersOf(lab(), 'uj1'), ['east']);
      await eventuallyEquals(() => clustersOf(lab(), 'unclaimed'), ['east']);
      await eventually(
        'west is unregistered',
        async () => (await lab().karmada.get(CLUSTER, '', 'west')) === undefined,
        90_000,
      );
      await eventually(
        'north is unregistered',
        async () => (await lab().karmada.get(CLUSTER, '', 'north')) === undefined,
        90_000,
      );
      await eventually(
        'the namespace in west',
        async () => (await lab().west.get('v1 Namespace', '', NAMESPACE)) === undefined,
        90_000,
      );
      const kept = await memberOf(lab(), 'north', 'uj1');
      expect(kept).toBeDefined();
      expect(labelsIn(kept)['karmada.io/managed']).toBeUndefined();
      await eventually(
        'entry gone',
        async () => aggregatedOf(await bindingOf(lab(), 'uj1'), 'west') === undefined,
      );
    });

    it('registered again: every policy that still names it dispatches at once (F65)', async () => {
      await lab().register('west');
      await eventually(
        'Ready',
        async () => conditionOf(await lab().karmada.get(CLUSTER, '', 'west'), 'Ready')?.['status'] === 'True',
        40_000,
      );
      await eventuallyEquals(() => membersIn(lab(), 'west', 'uj1'), 5, 40_000);
    });

    it('while lost: preserved Works hang until their flag is taken back (F66)', async () => {
      await lab().servers.west.halt();
      await eventually(
        'lost',
        async () =>
          conditionOf(await lab().karmada.get(CLUSTER, '', 'west'), 'Ready')?.['status'] === 'False',
        40_000,
      );
      await lab().karmada.remove(CLUSTER, '', 'west');
      await eventually(
        'only preserved Works are left',
        async () => {
          const works = await lab().karmada.list(WORK, 'karmada-es-west');
          return (
            works.length > 0 &&
            works.every((work) => valueAt(work, 'spec', 'preserveResourcesOnDeletion') === true)
          );
        },
        90_000,
      );
      for (const work of await lab().karmada.list(WORK, 'karmada-es-west')) {
        await lab().karmada.merge(WORK, 'karmada-es-west', stringAt(work, 'metadata', 'name') ?? '', {
          spec: { preserveResourcesOnDeletion: false },
        });
      }
      await eventually(
        'unregistered',
        async () => (await lab().karmada.get(CLUSTER, '', 'west')) === undefined,
        90_000,
      );
    });
  });

  const removeTemplate = (name: string): Promise<void> => lab().karmada.remove(MONGODB, NAMESPACE, name);
}
