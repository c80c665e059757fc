import { listAt, objectAt, stringAt, valueAt, type JsonObject } from '../../../local/karmada/kube/json';
import {
  eventually,
  eventuallyEquals,
  MONGODB,
  OVERRIDE,
  pause,
  POLICY,
  remains,
  WORK,
  type Lab,
} from './lab';
import { normalise } from './normalise';
import {
  aggregatedOf,
  bindingOf,
  clustersOf,
  config,
  golden,
  labelsIn,
  manifestOf,
  memberOf,
  membersIn,
  mongodb,
  NAMESPACE,
  override,
  patch,
  policy,
  refusal,
  selecting,
  workOf,
} from './shapes';

const replaceMembers = (value: number): { plaintext: JsonObject[] } => ({
  plaintext: [patch('replace', '/spec/members', value)],
});

export function describeDispatch(lab: () => Lab): void {
  const removeTemplate = (name: string): Promise<void> => lab().karmada.remove(MONGODB, NAMESPACE, name);

  describe('overrides', () => {
    it('reach members when changed, leave them bare when deleted, and mend them when made again (F17)', async () => {
      const rules = override('ov', {
        east: { ...replaceMembers(2), labels: { vip: 'v-east' } },
        west: replaceMembers(1),
      });
      await lab().karmada.apply(rules);
      await lab().karmada.apply(policy('ov', ['east', 'west']));
      await lab().karmada.apply(mongodb('ov', { members: 5, image: 'mongo:6.0.5' }));
      await eventuallyEquals(
        async () => [await membersIn(lab(), 'east', 'ov'), await membersIn(lab(), 'west', 'ov')],
        [2, 1],
      );
      expect(labelsIn(await memberOf(lab(), 'east', 'ov'))['vip']).toBe('v-east');

      await lab().karmada.remove(OVERRIDE, NAMESPACE, 'ov');
      await eventuallyEquals(
        async () => [await membersIn(lab(), 'east', 'ov'), await membersIn(lab(), 'west', 'ov')],
        [5, 5],
      );
      expect(labelsIn(await memberOf(lab(), 'east', 'ov'))['vip']).toBeUndefined();
      // F10: the annotation is no truth.
      const work = await workOf(lab(), 'east', 'ov');
      expect(stringAt(work, 'metadata', 'annotations', 'policy.karmada.io/applied-overrides')).toContain(
        '/spec/members',
      );

      await lab().karmada.apply(rules);
      await eventuallyEquals(
        async () => [await membersIn(lab(), 'east', 'ov'), await membersIn(lab(), 'west', 'ov')],
        [2, 1],
      );
      await removeTemplate('ov');
    });

    it('that add a field the template lacks only say nothing when they are gone (F21)', async () => {
      await lab().karmada.apply(
        override('lean', { east: { plaintext: [patch('add', '/spec/members', 3)] } }),
      );
      await lab().karmada.apply(policy('lean', ['east']));
      await lab().karmada.apply(mongodb('lean', { image: 'x' }));
      await eventuallyEquals(() => membersIn(lab(), 'east', 'lean'), 3);
      await lab().karmada.remove(OVERRIDE, NAMESPACE, 'lean');
      await eventuallyEquals(() => membersIn(lab(), 'east', 'lean'), null);
      expect(await memberOf(lab(), 'east', 'lean')).toBeDefined();
      await removeTemplate('lean');
    });

    it('apply in list order, then in the order of names, the last wins and labels add up (F18, F19)', async () => {
      await lab().karmada.apply({
        ...override('many', {}),
        spec: {
          resourceSelectors: [
            { apiVersion: 'middleware.fedstate.io/v1alpha1', kind: 'MongoDB', name: 'many' },
          ],
          overrideRules: [
            {
              overriders: {
                plaintext: [patch('replace', '/spec/members', 1)],
                labelsOverrider: [{ operator: 'add', value: { all: 'yes' } }],
              },
            },
            {
              targetCluster: { clusterNames: ['east'] },
              overriders: {
                plaintext: [
                  patch('replace', '/spec/members', 2),
                  patch('add', '/metadata/annotations/a~1b', 'slash'),
                ],
                labelsOverrider: [
                  { operator: 'add', value: { own: 'yes' } },
                  { operator: 'replace', value: { missing: 'never' } },
                ],
              },
            },
          ],
        },
      });
      const late = override('many', { west: replaceMembers(9) });
      await lab().karmada.apply({ ...late, metadata: { name: 'many-z', namespace: NAMESPACE } });
      await lab().karmada.apply(policy('many', ['east', 'west']));
      await lab().karmada.apply(mongodb('many', { members: 5 }, { annotations: { kept: 'yes' } }));
      await eventuallyEquals(
        async () => [await membersIn(lab(), 'east', 'many'), await membersIn(lab(), 'west', 'many')],
        [2, 9],
      );
      const east = await memberOf(lab(), 'east', 'many');
      expect(labelsIn(east)).toMatchObject({ all: 'yes', own: 'yes' });
      expect(labelsIn(east)['missing']).toBeUndefined();
      expect(stringAt(east, 'metadata', 'annotations', 'a/b')).toBe('slash');
      await lab().karmada.remove(OVERRIDE, NAMESPACE, 'many-z');
      await removeTemplate('many');
    });

    it('change a key inside a YAML text (F22)', async () => {
      await lab().karmada.apply({
        ...override('field', {}),
        spec: {
          resourceSelectors: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'field' }],
          overrideRules: [
            {
              targetCluster: { clusterNames: ['east'] },
              overriders: {
                fieldOverrider: [
                  {
                    fieldPath: '/data/mongod.yaml',
                    yaml: [{ subPath: '/net/maxIncomingConnections', operator: 'replace', value: 7 }],
                  },
                ],
              },
            },
          ],
        },
      });
      await lab().karmada.apply(
        selecting('field', [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'field' }], ['east', 'west']),
      );
      await lab().karmada.apply(config('field', { 'mongod.yaml': 'net: {maxIncomingConnections: 500}\n' }));
      const text = async (cluster: 'east' | 'west'): Promise<string> =>
        stringAt(await lab()[cluster].get('v1 ConfigMap', NAMESPACE, 'field'), 'data', 'mongod.yaml') ?? '';
      await eventuallyEquals(
        async () => [await text('east'), await text('west')],
        ['net:\n  maxIncomingConnections: 7\n', 'net: {maxIncomingConnections: 500}\n'],
      );
      await lab().karmada.remove('v1 ConfigMap', NAMESPACE, 'field');
    });

    it('that cannot be applied keep that cluster without a Work, in words only in events (F20)', async () => {
      await lab().karmada.apply(
        override('badpath', {
          east: { plaintext: [patch('replace', '/spec/nope', 1)] },
          west: replaceMembers(2),
        }),
      );
      await lab().karmada.apply(policy('badpath', ['east', 'west']));
      await lab().karmada.apply(mongodb('badpath'));
      await eventuallyEquals(() => membersIn(lab(), 'west', 'badpath'), 2);
      expect(await workOf(lab(), 'east', 'badpath')).toBeUndefined();
      await eventually('FullyApplied=False without an entry for east', async () => {
        const binding = await bindingOf(lab(), 'badpath');
        const failed = JSON.stringify(valueAt(binding, 'status', 'conditions')).includes(
          'FullyAppliedFailed',
        );
        return (
          failed &&
          aggregatedOf(binding, 'west')?.['applied'] === true &&
          aggregatedOf(binding, 'east') === undefined
        );
      });
      await eventually('both events', async () => {
        const events = await lab().karmada.list('v1 Event', NAMESPACE);
        const said = (reason: string, message: string): boolean =>
          events.some(
            (event) => valueAt(event, 'reason') === reason && valueAt(event, 'message') === message,
          );
        return (
          said('SyncWorkFailed', refusal('scheduling', 'override cannot be applied')) &&
          said('ApplyOverridePolicyFailed', 'Apply override policy(shop/badpath) for cluster(east) failed.')
        );
      });
      await lab().karmada.apply(override('badpath', { east: replaceMembers(3) }));
      await eventuallyEquals(() => membersIn(lab(), 'east', 'badpath'), 3);
      await removeTemplate('badpath');
    });
  });

  describe('placement', () => {
    it('dropped with preserve: the object stays and loses every mark but one (F26), the rule of the Work goes last', async () => {
      const spec = objectAt(golden('placement.yaml', 'released'), 'spec');
      await lab().karmada.apply(
        override('keep', { west: { ...replaceMembers(2), labels: { vip: 'v-west' } } }),
      );
      await lab().karmada.apply(
        policy('keep', ['east', 'west', 'north'], { preserveResourcesOnDeletion: true }),
      );
      await lab().karmada.apply(mongodb('keep', { ...spec, members: 5 }));
      await eventuallyEquals(() => membersIn(lab(), 'west', 'keep'), 2);
      await lab().west.report(MONGODB, NAMESPACE, 'keep', { state: 'Running' });
      await eventually(
        'status is up',
        async () => aggregatedOf(await bindingOf(lab(), 'keep'), 'west')?.['status'],
      );

      await lab().karmada.apply(policy('keep', ['east', 'north'], { preserveResourcesOnDeletion: true }));
      await eventually('the Work is gone', async () => (await workOf(lab(), 'west', 'keep')) === undefined);
      expect(normalise((await memberOf(lab(), 'west', 'keep')) ?? null)).toEqual(
        normalise(golden('placement.yaml', 'released')),
      );
      await eventuallyEquals(
        async () => normalise({ ...(await bindingOf(lab(), 'keep')) }),
        normalise(golden('placement.yaml', 'bindingAfterDrop')),
      );
    });

    it('added again over the kept object: refused in the recorded words, nothing touched (F33)', async () => {
      const before = await memberOf(lab(), 'west', 'keep');
      await lab().karmada.apply(
        policy('keep', ['east', 'west', 'north'], { preserveResourcesOnDeletion: true }),
      );
      await eventuallyEquals(
        async () => normalise((await bindingOf(lab(), 'keep'))?.['status'] ?? null),
        normalise(golden('placement.yaml', 'refusedStatus')),
      );
      expect(await memberOf(lab(), 'west', 'keep')).toEqual(before);
    });

    it('Overwrite adopts it, and back to Abort keeps it (F33)', async () => {
      const overwrite = { preserveResourcesOnDeletion: true, conflictResolution: 'Overwrite' };
      await lab().karmada.apply(policy('keep', ['east', 'west', 'north'], overwrite));
      await eventuallyEquals(
        async () => normalise((await memberOf(lab(), 'west', 'keep')) ?? null),
        normalise(golden('placement.yaml', 'adopted')),
      );
      await lab().karmada.apply(
        policy('keep', ['east', 'west', 'north'], { ...overwrite, conflictResolution: 'Abort' }),
      );
      await eventually('abort in west', async () => {
        const annotations = valueAt(await memberOf(lab(), 'west', 'keep'), 'metadata', 'annotations');
        return valueAt(annotations, 'work.karmada.io/conflict-resolution') === 'abort';
      });
      expect(aggregatedOf(await bindingOf(lab(), 'keep'), 'west')?.['applied']).toBe(true);
    });

    it('template deleted with preserve: released everywhere, the binding before the last Work (F27)', async () => {
      await removeTemplate('keep');
      await eventually('all Works are gone', async () =>
        (await lab().karmada.list(WORK, 'karmada-es-west')).every(
          (work) => !JSON.stringify(work).includes('keep-mongodb'),
        ),
      );
      expect(await bindingOf(lab(), 'keep')).toBeUndefined();
      for (const cluster of ['east', 'west', 'north'] as const) {
        const left = await memberOf(lab(), cluster, 'keep');
        expect(labelsIn(left)['karmada.io/managed']).toBeUndefined();
        expect(left).toBeDefined();
        await lab()[cluster].remove(MONGODB, NAMESPACE, 'keep');
      }
    });

    it('dropped without preserve: deleted; template deleted: deleted everywhere (F26, F27)', async () => {
      await lab().karmada.apply(policy('gone', ['east', 'west']));
      await lab().karmada.apply(mongodb('gone'));
      await eventuallyEquals(() => membersIn(lab(), 'west', 'gone'), 5);
      await lab().karmada.apply(policy('gone', ['east']));
      await eventuallyEquals(() => membersIn(lab(), 'west', 'gone'), null);
      await eventuallyEquals(() => clustersOf(lab(), 'gone'), ['east']);
      await removeTemplate('gone');
      await eventuallyEquals(() => membersIn(lab(), 'east', 'gone'), null);
    });

    it('preserve flips down to existing Works; flip and drop in one update deletes (F31, F32)', async () => {
      await lab().karmada.apply(policy('flip', ['east', 'west'], { preserveResourcesOnDeletion: true }));
      await lab().karmada.apply(mongodb('flip'));
      await eventuallyEquals(() => membersIn(lab(), 'west', 'flip'), 5);
      await lab().karmada.apply(policy('flip', ['east'], { preserveResourcesOnDeletion: false }));
      await eventuallyEquals(() => membersIn(lab(), 'west', 'flip'), null);
      await eventually(
        'flag in the Work',
        async () =>
          valueAt(await workOf(lab(), 'east', 'flip'), 'spec', 'preserveResourcesOnDeletion') === false,
      );
      await removeTemplate('flip');
      await eventuallyEquals(() => membersIn(lab(), 'east', 'flip'), null);
    });

    it('a refused object with preserve makes the Work hang until its flag is taken back (F34, F35)', async () => {
      await lab().west.apply(mongodb('hang', { members: 77 }));
      await lab().karmada.apply(policy('hang', ['east', 'west'], { preserveResourcesOnDeletion: true }));
      await lab().karmada.apply(mongodb('hang'));
      await eventually(
        'refused',
        async () => aggregatedOf(await bindingOf(lab(), 'hang'), 'west')?.['appliedMessage'],
      );
      await lab().karmada.apply(policy('hang', ['east'], { preserveResourcesOnDeletion: true }));
      await eventually('terminating', async () =>
        valueAt(await workOf(lab(), 'west', 'hang'), 'metadata', 'deletionTimestamp'),
      );
      await remains('the Work and its entry', async () => {
        const entry = aggregatedOf(await bindingOf(lab(), 'hang'), 'west');
        return (await workOf(lab(), 'west', 'hang')) !== undefined && entry !== undefined;
      });
      // Added again meanwhile: the words of the refusal name the old Work.
      await lab().karmada.apply(policy('hang', ['east', 'west'], { preserveResourcesOnDeletion: true }));
      const work = stringAt(await workOf(lab(), 'west', 'hang'), 'metadata', 'name') ?? '';
      await eventually('told in an event', async () =>
        (await lab().karmada.list('v1 Event', NAMESPACE)).some(
          (event) => valueAt(event, 'message') === `work karmada-es-west/${work} is being deleted`,
        ),
      );
      await lab().karmada.apply(policy('hang', ['east'], { preserveResourcesOnDeletion: true }));
      // Before the old Work may go: as long as the binding names the cluster, a retry makes a new one, which hangs again.
      await eventuallyEquals(() => clustersOf(lab(), 'hang'), ['east']);
      await pause(300);
      await lab().karmada.merge(WORK, 'karmada-es-west', work, {
        spec: { preserveResourcesOnDeletion: false },
      });
      await eventually('gone', async () => (await workOf(lab(), 'west', 'hang')) === undefined);
      expect(await membersIn(lab(), 'west', 'hang')).toBe(77);
      await removeTemplate('hang');
      await lab().west.remove(MONGODB, NAMESPACE, 'hang');
    });

    it('does not wait for finalizers of the member; made again it fits onto the terminating one (F36)', async () => {
      await lab().karmada.apply(policy('fin', ['east']));
      await lab().karmada.apply(mongodb('fin'));
      await eventuallyEquals(() => membersIn(lab(), 'east', 'fin'), 5);
      await lab().east.merge(MONGODB, NAMESPACE, 'fin', { metadata: { finalizers: ['example.com/hold'] } });
      await removeTemplate('fin');
      await eventually('Work gone', async () => (await workOf(lab(), 'east', 'fin')) === undefined);
      const held = await memberOf(lab(), 'east', 'fin');
      expect(valueAt(held, 'metadata', 'deletionTimestamp')).toBeDefined();
      await lab().karmada.apply(mongodb('fin'));
      await eventually(
        'applied',
        async () => aggregatedOf(await bindingOf(lab(), 'fin'), 'east')?.['applied'] === true,
      );
      await lab().east.merge(MONGODB, NAMESPACE, 'fin', { metadata: { finalizers: null } });
      await eventually('a new object', async () => {
        const made = await memberOf(lab(), 'east', 'fin');
        return made !== undefined && valueAt(made, 'metadata', 'uid') !== valueAt(held, 'metadata', 'uid');
      });
      await removeTemplate('fin');
    });
  });

  describe('policies', () => {
    it('deleted: nothing moves in members, the claim goes, overrides still travel with the newest template (F28)', async () => {
      await lab().karmada.apply(override('pd', { east: replaceMembers(2) }));
      await lab().karmada.apply(policy('pd', ['east', 'west']));
      await lab().karmada.apply(mongodb('pd', { members: 5, image: 'one' }));
      await eventuallyEquals(() => membersIn(lab(), 'west', 'pd'), 5);
      await lab().karmada.remove(POLICY, NAMESPACE, 'pd');
      await eventually(
        'policy gone',
        async () => (await lab().karmada.get(POLICY, NAMESPACE, 'pd')) === undefined,
      );
      const template = await lab().karmada.get(MONGODB, NAMESPACE, 'pd');
      expect(labelsIn(template)).toEqual({ app: 'pd' });
      expect(
        labelsIn(await bindingOf(lab(), 'pd'))['propagationpolicy.karmada.io/permanent-id'],
      ).toBeUndefined();
      await lab().karmada.merge(MONGODB, NAMESPACE, 'pd', { spec: { image: 'two' } });
      await remains(
        'the old image',
        async () => valueAt(await memberOf(lab(), 'east', 'pd'), 'spec', 'image') === 'one',
      );
      await lab().karmada.apply(override('pd', { east: replaceMembers(4) }));
      await eventually('override and newest template', async () => {
        const east = objectAt(await memberOf(lab(), 'east', 'pd'), 'spec');
        return east['members'] === 4 && east['image'] === 'two';
      });
      await lab().karmada.apply(policy('pd', ['east', 'west']));
      await eventually(
        'claimed again',
        async () =>
          labelsIn(await lab().karmada.get(MONGODB, NAMESPACE, 'pd'))[
            'propagationpolicy.karmada.io/permanent-id'
          ],
      );
      await eventually(
        'west follows',
        async () => valueAt(await memberOf(lab(), 'west', 'pd'), 'spec', 'image') === 'two',
      );
      await removeTemplate('pd');
    });

    it('that select a template no more let it go; one without its finalizer leaves a dead claim (F29, F30)', async () => {
      await lab().karmada.apply(policy('away', ['east']));
      await lab().karmada.apply(mongodb('away'));
      await eventuallyEquals(() => membersIn(lab(), 'east', 'away'), 5);
      await lab().karmada.apply(
        policy('away', ['east'], {
          resourceSelectors: [
            { apiVersion: 'middleware.fedstate.io/v1alpha1', kind: 'MongoDB', name: 'other' },
          ],
        }),
      );
      await eventually('unclaimed', async () => {
        const binding = await bindingOf(lab(), 'away');
        const template = await lab().karmada.get(MONGODB, NAMESPACE, 'away');
        return [binding, template].every(
          (object) => labelsIn(object)['propagationpolicy.karmada.io/permanent-id'] === undefined,
        );
      });
      expect(await membersIn(lab(), 'east', 'away')).toBe(5);

      await lab().karmada.apply(policy('nofin', ['east']));
      await lab().karmada.apply(mongodb('nofin'));
      await eventuallyEquals(() => membersIn(lab(), 'east', 'nofin'), 5);
      await lab().karmada.merge(POLICY, NAMESPACE, 'nofin', { metadata: { finalizers: null } });
      await lab().karmada.remove(POLICY, NAMESPACE, 'nofin');
      await remains(
        'the dead claim',
        async () =>
          labelsIn(await lab().karmada.get(MONGODB, NAMESPACE, 'nofin'))[
            'propagationpolicy.karmada.io/permanent-id'
          ] !== undefined,
      );
      await lab().karmada.merge(MONGODB, NAMESPACE, 'nofin', { spec: { note: 't' } });
      await eventually(
        'cleaned by the change',
        async () =>
          labelsIn(await lab().karmada.get(MONGODB, NAMESPACE, 'nofin'))[
            'propagationpolicy.karmada.io/permanent-id'
          ] === undefined,
      );
      expect(valueAt(await memberOf(lab(), 'east', 'nofin'), 'spec', 'note')).toBeUndefined();
      await removeTemplate('away');
      await removeTemplate('nofin');
    });

    it('by name beat labels beat kind, the alphabet decides, and later ones take nothing over (F58)', async () => {
      const api = 'middleware.fedstate.io/v1alpha1';
      await lab().karmada.apply(
        selecting(
          'p-label',
          [{ apiVersion: api, kind: 'MongoDB', labelSelector: { matchLabels: { tier: 'gold' } } }],
          ['west'],
        ),
      );
      await lab().karmada.apply(
        selecting('p-name-b', [{ apiVersion: api, kind: 'MongoDB', name: 'rank' }], ['west']),
      );
      await lab().karmada.apply(
        selecting('p-name-a', [{ apiVersion: api, kind: 'MongoDB', name: 'rank' }], ['east']),
      );
      await lab().karmada.apply(mongodb('rank', { members: 5 }, { labels: { tier: 'gold' } }));
      await lab().karmada.apply(mongodb('gold', { members: 5 }, { labels: { tier: 'gold' } }));
      await eventuallyEquals(() => clustersOf(lab(), 'rank'), ['east']);
      await eventuallyEquals(() => clustersOf(lab(), 'gold'), ['west']);
      await lab().karmada.apply(
        selecting('p-name-0', [{ apiVersion: api, kind: 'MongoDB', name: 'rank' }], ['north']),
      );
      await lab().karmada.merge(MONGODB, NAMESPACE, 'rank', { spec: { note: 'touched' } });
      await eventually(
        'touched',
        async () => valueAt(await memberOf(lab(), 'east', 'rank'), 'spec', 'note') === 'touched',
      );
      expect(await clustersOf(lab(), 'rank')).toEqual(['east']);
      // F28: when the holder goes, the next in line takes over at once.
      await lab().karmada.remove(POLICY, NAMESPACE, 'p-name-a');
      await eventuallyEquals(() => clustersOf(lab(), 'rank'), ['north']);
      for (const name of ['p-label', 'p-name-b', 'p-name-0'])
        await lab().karmada.remove(POLICY, NAMESPACE, name);
      await removeTemplate('rank');
      await removeTemplate('gold');
    });

    it('made after the template claim it; deleted and made again with fewer clusters act as an update (F29, F58)', async () => {
      await lab().karmada.apply(mongodb('lone'));
      await remains('no binding', async () => (await bindingOf(lab(), 'lone')) === undefined, 400);
      await lab().karmada.apply(policy('lone', ['east', 'west']));
      await eventuallyEquals(() => membersIn(lab(), 'west', 'lone'), 5);
      await lab().karmada.remove(POLICY, NAMESPACE, 'lone');
      await eventually('replaced', async () => {
        await lab().karmada.create(policy('lone', ['east']));
        return true;
      });
      await eventuallyEquals(() => membersIn(lab(), 'west', 'lone'), null);
      expect(await membersIn(lab(), 'east', 'lone')).toBe(5);
      await removeTemplate('lone');
    });

    it('a binding or Work deleted by hand takes the object along and is not made again until touched (F37)', async () => {
      await lab().karmada.apply(policy('hand', ['east', 'west']));
      await lab().karmada.apply(mongodb('hand'));
      await eventuallyEquals(() => membersIn(lab(), 'west', 'hand'), 5);
      const work = stringAt(await workOf(lab(), 'east', 'hand'), 'metadata', 'name') ?? '';
      await lab().karmada.remove(WORK, 'karmada-es-east', work);
      await eventuallyEquals(() => membersIn(lab(), 'east', 'hand'), null);
      await eventually('Work gone', async () => (await workOf(lab(), 'east', 'hand')) === undefined);
      await remains('nothing in east', async () => (await workOf(lab(), 'east', 'hand')) === undefined);
      await lab().karmada.remove('work.karmada.io/v1alpha2 ResourceBinding', NAMESPACE, 'hand-mongodb');
      await eventuallyEquals(() => membersIn(lab(), 'west', 'hand'), null);
      await eventually('binding gone', async () => (await bindingOf(lab(), 'hand')) === undefined);
      await remains('no binding', async () => (await bindingOf(lab(), 'hand')) === undefined);
      await lab().karmada.merge(MONGODB, NAMESPACE, 'hand', { spec: { note: 'touched' } });
      await eventuallyEquals(() => membersIn(lab(), 'east', 'hand'), 5);
      await removeTemplate('hand');
    });

    it('template deleted and made again at once: the object is new (F36)', async () => {
      await lab().karmada.apply(policy('again', ['east']));
      await lab().karmada.apply(mongodb('again'));
      const before = await eventually('there', () => memberOf(lab(), 'east', 'again'));
      await removeTemplate('again');
      await lab().karmada.apply(mongodb('again', { members: 6 }));
      await eventually('new', async () => {
        const after = await memberOf(lab(), 'east', 'again');
        return (
          valueAt(after, 'spec', 'members') === 6 &&
          valueAt(after, 'metadata', 'uid') !== valueAt(before, 'metadata', 'uid')
        );
      });
      await removeTemplate('again');
    });
  });

  describe('suspension', () => {
    it('born suspended: Works carry the overridden manifest, members nothing (F15, F54)', async () => {
      const born = golden('suspension.yaml', 'binding');
      const manifest = objectAt(manifestOf(golden('suspension.yaml', 'work')), 'spec');
      await lab().karmada.apply(override('sus1', { east: replaceMembers(2), west: replaceMembers(1) }));
      await lab().karmada.apply(
        policy('sus1', ['east', 'west'], {
          preserveResourcesOnDeletion: false,
          suspension: { dispatching: true },
        }),
      );
      await lab().karmada.apply(mongodb('sus1', { ...manifest, members: 5 }));
      await eventuallyEquals(
        async () =>
          normalise([
            (await bindingOf(lab(), 'sus1')) ?? null,
            (await workOf(lab(), 'east', 'sus1')) ?? null,
          ]),
        normalise([born, golden('suspension.yaml', 'work')]),
      );
      expect(normalise((await lab().karmada.get(POLICY, NAMESPACE, 'sus1')) ?? null)).toEqual(
        normalise(golden('suspension.yaml', 'policy')),
      );
      expect(await memberOf(lab(), 'east', 'sus1')).toBeUndefined();
    });

    it('lifted it arrives; set again hand edits stay, statuses still flow, deletion still acts (F54–F56)', async () => {
      const plain = { preserveResourcesOnDeletion: false };
      await lab().karmada.apply(policy('sus1', ['east', 'west'], plain));
      await eventuallyEquals(
        async () => [await membersIn(lab(), 'east', 'sus1'), await membersIn(lab(), 'west', 'sus1')],
        [2, 1],
      );
      await lab().karmada.apply(
        policy('sus1', ['east', 'west'], {
          ...plain,
          suspension: { dispatchingOnClusters: { clusterNames: ['east'] } },
        }),
      );
      await eventually(
        'east suspended',
        async () => valueAt(await workOf(lab(), 'east', 'sus1'), 'spec', 'suspendDispatching') === true,
      );
      expect(valueAt(await workOf(lab(), 'west', 'sus1'), 'spec', 'suspendDispatching')).toBe(false);
      await eventually('Dispatching=False', async () =>
        JSON.stringify(valueAt(await workOf(lab(), 'east', 'sus1'), 'status')).includes('SuspendDispatching'),
      );
      await lab().east.merge(MONGODB, NAMESPACE, 'sus1', { spec: { members: 9 } });
      await lab().east.report(MONGODB, NAMESPACE, 'sus1', { state: 'Running' });
      await eventually(
        'status up',
        async () =>
          valueAt(aggregatedOf(await bindingOf(lab(), 'sus1'), 'east') ?? {}, 'status', 'state') ===
          'Running',
      );
      expect(await membersIn(lab(), 'east', 'sus1')).toBe(9);
      expect(aggregatedOf(await bindingOf(lab(), 'sus1'), 'east')?.['applied']).toBe(true);
      await lab().karmada.apply(
        policy('sus1', ['west'], {
          ...plain,
          suspension: { dispatchingOnClusters: { clusterNames: ['east'] } },
        }),
      );
      await eventuallyEquals(() => membersIn(lab(), 'east', 'sus1'), null);
      await removeTemplate('sus1');
    });

    it('on the binding itself: dispatching is wiped by the next template change, scheduling stays (F57)', async () => {
      const kind = 'work.karmada.io/v1alpha2 ResourceBinding';
      await lab().karmada.apply(policy('sus4', ['east']));
      await lab().karmada.apply(mongodb('sus4'));
      await eventuallyEquals(() => membersIn(lab(), 'east', 'sus4'), 5);
      await lab().karmada.merge(kind, NAMESPACE, 'sus4-mongodb', {
        spec: { suspension: { scheduling: true, dispatching: true } },
      });
      await eventually(
        'suspended',
        async () => valueAt(await workOf(lab(), 'east', 'sus4'), 'spec', 'suspendDispatching') === true,
      );
      await lab().karmada.merge(MONGODB, NAMESPACE, 'sus4', { spec: { members: 6 } });
      await eventuallyEquals(() => membersIn(lab(), 'east', 'sus4'), 6);
      expect(valueAt(await bindingOf(lab(), 'sus4'), 'spec', 'suspension')).toEqual({ scheduling: true });
      await lab().karmada.apply(policy('sus4', ['east', 'west']));
      await eventually(
        'placement followed',
        async () =>
          listAt(await bindingOf(lab(), 'sus4'), 'spec', 'placement', 'clusterAffinity', 'clusterNames')
            .length === 2,
      );
      await pause(300);
      expect(await clustersOf(lab(), 'sus4')).toEqual(['east']);
      await lab().karmada.merge(kind, NAMESPACE, 'sus4-mongodb', { spec: { suspension: null } });
      await eventuallyEquals(() => clustersOf(lab(), 'sus4'), ['east', 'west']);
      await removeTemplate('sus4');
    });
  });
}
