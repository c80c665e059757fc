import {
  isObject,
  listAt,
  objectAt,
  stringAt,
  valueAt,
  type JsonObject,
} from '../../../local/karmada/kube/json';
import {
  BINDING,
  eventually,
  eventuallyEquals,
  looseCrd,
  MEMBERS,
  MONGODB,
  OVERRIDE,
  POLICY,
  remains,
  WORK,
  type Lab,
} from './lab';
import { normalise } from './normalise';
import { clustersOf, golden, memberOf, mongodb, NAMESPACE, patch, policy, override, service } from './shapes';

export function describeCreate(lab: () => Lab): void {
  describe('namespaces', () => {
    it('go to every member with their labels, and the Work says so (F3)', async () => {
      await lab().karmada.apply({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: NAMESPACE, labels: { team: 'fed' } },
      });
      await Promise.all(
        MEMBERS.map((name) =>
          eventually(`${NAMESPACE} in ${name}`, () => lab()[name].get('v1 Namespace', '', NAMESPACE)),
        ),
      );
      await eventuallyEquals(
        async () =>
          normalise([
            (await lab().karmada.get(WORK, 'karmada-es-east', 'shop-55c4c4674c')) ?? null,
            (await lab().east.get('v1 Namespace', '', NAMESPACE)) ?? null,
          ]),
        normalise([golden('namespace.yaml', 'work'), golden('namespace.yaml', 'member')]),
      );
    });

    it('stay at home with the skip label, and objects there say why they are not applied (F3)', async () => {
      await lab().karmada.apply({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'skipme', labels: { 'namespace.karmada.io/skip-auto-propagation': 'true' } },
      });
      await lab().karmada.apply({
        ...policy('m1', ['east', 'west']),
        metadata: { name: 'm1', namespace: 'skipme' },
      });
      await lab().karmada.apply({ ...mongodb('m1'), metadata: { name: 'm1', namespace: 'skipme' } });
      await eventuallyEquals(
        async () => normalise((await lab().karmada.get(BINDING, 'skipme', 'm1-mongodb'))?.['status'] ?? null),
        normalise(golden('conflict.yaml', 'namespaceMissing')),
      );
      expect(await lab().east.get('v1 Namespace', '', 'skipme')).toBeUndefined();
      await lab().karmada.remove(MONGODB, 'skipme', 'm1');
    });
  });

  describe('creation', () => {
    const kindOf = (object: JsonObject): string => stringAt(object, 'kind') ?? '';
    const input = (): JsonObject[] => listAt(golden('create-input.yaml')).filter(isObject);

    it('leaves whole objects as recorded, from the policy to the member (F5–F9, F11, F15, F39, F42)', async () => {
      const order = ['OverridePolicy', 'PropagationPolicy'];
      const sorted = input().sort((a, b) => order.indexOf(kindOf(b)) - order.indexOf(kindOf(a)));
      for (const object of sorted) await lab().karmada.apply(object);
      const read = async (): Promise<JsonObject> => ({
        policy: (await lab().karmada.get(POLICY, NAMESPACE, 'orders')) ?? null,
        override: (await lab().karmada.get(OVERRIDE, NAMESPACE, 'orders')) ?? null,
        template: (await lab().karmada.get(MONGODB, NAMESPACE, 'orders')) ?? null,
        binding: (await lab().karmada.get(BINDING, NAMESPACE, 'orders-mongodb')) ?? null,
        work: (await lab().karmada.get(WORK, 'karmada-es-east', 'orders-77578f7d6b')) ?? null,
        serviceWork:
          (await lab().karmada.get(WORK, 'karmada-es-east', 'orders-mongodb-0-5b4c7fcdf7')) ?? null,
        member: (await lab().east.get(MONGODB, NAMESPACE, 'orders')) ?? null,
        memberService: (await lab().east.get('v1 Service', NAMESPACE, 'orders-mongodb-0')) ?? null,
        memberConfigMap: (await lab().east.get('v1 ConfigMap', NAMESPACE, 'orders-config')) ?? null,
      });
      const wanted = golden('create.yaml');
      const parts = Object.keys(objectAt(wanted));
      expect(parts).toHaveLength(9);
      for (const part of parts) {
        await eventuallyEquals(
          async () => normalise((await read())[part] ?? null),
          normalise(golden('create.yaml', part)),
        );
      }
    });

    it('gives the same NodePort everywhere, and to every cluster an address of its own (F39)', async () => {
      const ports = await Promise.all(
        MEMBERS.map((name) =>
          eventually('service', () => lab()[name].get('v1 Service', NAMESPACE, 'orders-mongodb-0')),
        ),
      );
      const seen = ports.map((found) => valueAt(listAt(found, 'spec', 'ports')[0], 'nodePort'));
      expect(typeof seen[0]).toBe('number');
      expect(new Set(seen).size).toBe(1);
      expect(new Set(ports.map((found) => valueAt(found, 'spec', 'clusterIP'))).size).toBe(MEMBERS.length);
    });

    it('changes nothing when the same is applied again (F7)', async () => {
      const versions = async (): Promise<unknown[]> =>
        Promise.all(
          [
            lab().karmada.get(POLICY, NAMESPACE, 'orders'),
            lab().karmada.get(OVERRIDE, NAMESPACE, 'orders'),
            lab().karmada.get(MONGODB, NAMESPACE, 'orders'),
            lab().karmada.get(BINDING, NAMESPACE, 'orders-mongodb'),
          ].map(async (found) => valueAt(await found, 'metadata', 'resourceVersion')),
        );
      const before = await versions();
      for (const object of input()) await lab().karmada.apply(object);
      await remains('every resourceVersion', async () => {
        return JSON.stringify(await versions()) === JSON.stringify(before);
      });
    });

    it('claims a template again that was replaced without its marks (refusals: PUT template)', async () => {
      const template = await eventually('template', () => lab().karmada.get(MONGODB, NAMESPACE, 'orders'));
      await lab().karmada.replace({
        ...mongodb('orders', { ...objectAt(template, 'spec'), note: 'put' }),
        metadata: {
          name: 'orders',
          namespace: NAMESPACE,
          labels: { app: 'orders' },
          resourceVersion: valueAt(template, 'metadata', 'resourceVersion') ?? '',
        },
      });
      await eventually('claimed again and dispatched', async () => {
        const again = await lab().karmada.get(MONGODB, NAMESPACE, 'orders');
        const there = await memberOf(lab(), 'west', 'orders');
        return (
          valueAt(again, 'metadata', 'annotations', 'propagationpolicy.karmada.io/name') === 'orders' &&
          valueAt(there, 'spec', 'note') === 'put'
        );
      });
    });

    it('sees a new kind only by its poll, and leaves out members that lack it (F1, F2)', async () => {
      const late = (name: string): JsonObject => ({
        ...mongodb(name),
        apiVersion: 'middleware.fedstate.io/v1alpha1',
        kind: 'Late',
      });
      for (const site of [lab().east, lab().west, lab().karmada]) await site.apply(looseCrd('Late', 'lates'));
      await lab().karmada.apply(
        policy('early', ['east', 'west', 'north'], {
          resourceSelectors: [{ apiVersion: 'middleware.fedstate.io/v1alpha1', kind: 'Late', name: 'early' }],
        }),
      );
      await eventually('the kind is served', async () => lab().karmada.apply(late('early')));
      // Members tell what they serve once per status period; a binding that was scheduled earlier is not scheduled again for it.
      await eventually('east serves it', async () => {
        const east = await lab().karmada.get('cluster.karmada.io/v1alpha1 Cluster', '', 'east');
        return JSON.stringify(east).includes('"lates"');
      });
      await eventually('west serves it', async () => {
        const west = await lab().karmada.get('cluster.karmada.io/v1alpha1 Cluster', '', 'west');
        return JSON.stringify(west).includes('"lates"');
      });
      await lab().karmada.merge('middleware.fedstate.io/v1alpha1 Late', NAMESPACE, 'early', {
        spec: { note: 'touched' },
      });
      await eventually('bound without north', async () => {
        const binding = await lab().karmada.get(BINDING, NAMESPACE, 'early-late');
        return JSON.stringify(valueAt(binding, 'spec', 'clusters')) === '[{"name":"east"},{"name":"west"}]';
      });
      await eventually('there', () =>
        lab().west.get('middleware.fedstate.io/v1alpha1 Late', NAMESPACE, 'early'),
      );
      await lab().karmada.remove('middleware.fedstate.io/v1alpha1 Late', NAMESPACE, 'early');
    });

    it('never lets a bare object through when the override comes first (F24)', async () => {
      const seen: unknown[] = [];
      for (let i = 0; i < 10; i += 1) {
        const name = `race${i}`;
        await lab().karmada.apply(
          override(name, { east: { plaintext: [patch('add', '/spec/members', 2)] } }),
        );
        await lab().karmada.apply(policy(name, ['east']));
        await lab().karmada.apply(mongodb(name, { image: 'mongo:6.0.5' }));
      }
      for (let i = 0; i < 10; i += 1) {
        const found = await eventually(`race${i}`, () => memberOf(lab(), 'east', `race${i}`));
        seen.push(valueAt(found, 'spec', 'members'), valueAt(found, 'metadata', 'generation'));
        await lab().karmada.remove(MONGODB, NAMESPACE, `race${i}`);
      }
      expect(seen).toEqual(Array.from({ length: 10 }, () => [2, 1]).flat());
    });

    it('keeps objects of different kinds apart, each with its own binding (F5, F13)', async () => {
      await lab().karmada.apply(
        policy('twins', ['east'], {
          resourceSelectors: [
            { apiVersion: 'middleware.fedstate.io/v1alpha1', kind: 'MongoDB', name: 'twins' },
            { apiVersion: 'v1', kind: 'Service', name: 'twins' },
          ],
        }),
      );
      await lab().karmada.apply(service('twins'));
      await lab().karmada.apply(mongodb('twins'));
      await eventually('both there', async () => {
        const object = await memberOf(lab(), 'east', 'twins');
        return object !== undefined && (await lab().east.get('v1 Service', NAMESPACE, 'twins')) !== undefined;
      });
      expect(await clustersOf(lab(), 'twins')).toEqual(['east']);
      expect(await lab().karmada.get(BINDING, NAMESPACE, 'twins-service')).toBeDefined();
    });
  });
}
