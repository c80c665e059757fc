import { applyPatch, patchBetween } from '../../../local/karmada/domain/json-patch';
import { workNameOf, bindingNameOf } from '../../../local/karmada/domain/names';
import { applyOverrides, OverrideError } from '../../../local/karmada/domain/overrides';
import { readObject } from '../../../local/karmada/kube/object';
import { overrideSpecSchema } from '../../../local/karmada/domain/schemas';
import type { JsonObject } from '../../../local/karmada/kube/json';

const site = { name: 'east', region: '', provider: '', zones: [], labels: {} };
const template = (): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c', namespace: 'shop', labels: { app: 'a' } },
  spec: { members: 5 },
});
const apply = (...plaintext: JsonObject[]) =>
  applyOverrides(
    readObject(template()),
    [{ name: 'p', spec: overrideSpecSchema.parse({ overrideRules: [{ overriders: { plaintext } }] }) }],
    site,
  );

describe('names of a real Karmada', () => {
  it.each([
    ['MongoDB', 'orders', 'shop', 'orders-77578f7d6b'],
    ['Namespace', 'shop', '', 'shop-55c4c4674c'],
    ['Secret', 'orders-auth', 'shop', 'orders-auth-779b45c457'],
    ['Service', 'orders-mongodb-0', 'shop', 'orders-mongodb-0-5b4c7fcdf7'],
  ])('Work of %s %s is recorded as %s %s (F6)', (kind, name, namespace, expected) => {
    expect(workNameOf(kind, name, namespace)).toBe(expected);
  });

  it('binding leaves out the API group (F5)', () => {
    expect(bindingNameOf('MongoDB', 'orders')).toBe('orders-mongodb');
  });
});

describe('overrides', () => {
  it('leave the template alone and tell what they did (F10)', () => {
    const { manifest, applied } = apply({ operator: 'replace', path: '/spec/members', value: 2 });
    expect(manifest['spec']).toEqual({ members: 2 });
    expect(applied).toBe(
      '[{"policyName":"p","overriders":{"plaintext":[{"path":"/spec/members","operator":"replace","value":2}]}}]',
    );
  });

  it.each([
    [
      'replace',
      '/spec/nope',
      'replace operation does not apply: doc is missing key: /spec/nope: missing value',
    ],
    ['add', '/spec/a/b', 'add operation does not apply: doc is missing path: "/spec/a/b": missing value'],
    [
      'remove',
      '/spec/nope',
      "error in remove for path: '/spec/nope': Unable to remove nonexistent key: nope: missing value",
    ],
  ])('%s of %s fails in the words of the patch library (F20)', (operator, path, message) => {
    expect(() => apply({ operator, path, value: 1 })).toThrow(new OverrideError('p', message));
  });

  it('do not check types and escape slashes in keys (F22)', () => {
    const { manifest } = apply(
      { operator: 'replace', path: '/spec/members', value: '2' },
      { operator: 'add', path: '/metadata/labels/a~1b', value: 'x' },
    );
    expect(manifest['spec']).toEqual({ members: '2' });
    expect(manifest['metadata']).toMatchObject({ labels: { 'a/b': 'x' } });
  });

  it('by cluster apply only there', () => {
    const spec = overrideSpecSchema.parse({
      overrideRules: [
        {
          targetCluster: { clusterNames: ['west'] },
          overriders: { plaintext: [{ operator: 'remove', path: '/spec/members' }] },
        },
      ],
    });
    const { manifest, applied } = applyOverrides(readObject(template()), [{ name: 'p', spec }], site);
    expect(manifest['spec']).toEqual({ members: 5 });
    expect(applied).toBeUndefined();
  });
});

describe('JSON patches', () => {
  it('between two objects lead from one to the other', () => {
    const before = { a: 1, b: { c: [1, 2], 'd/e': 'x' }, gone: true };
    const after = { a: 2, b: { c: [1], 'd/e': 'y', f: null }, made: {} };
    expect(applyPatch(before, patchBetween(before, after))).toEqual(after);
  });

  it('insert into, replace in and remove from lists', () => {
    const list = { l: [1, 2, 3] };
    expect(
      applyPatch(list, [
        { op: 'add', path: '/l/-', value: 4 },
        { op: 'remove', path: '/l/0' },
        { op: 'replace', path: '/l/1', value: 9 },
      ]),
    ).toEqual({ l: [2, 9, 4] });
    expect(() => applyPatch(list, [{ op: 'remove', path: '/l/3' }])).toThrow('invalid index');
  });
});
