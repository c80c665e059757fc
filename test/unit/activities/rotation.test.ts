import { z } from 'zod';
import {
  credentialsRevisionOf,
  phaseOf,
  readAuthSecret,
  type AuthSecret,
} from '../../../src/activities/auth-secret';
import { readCredentials } from '../../../src/activities/credentials';
import { answers, describeCarried, describeWish } from '../../../src/activities/instance-marks';
import { digestCarried, digestReferences, resolveReferences } from '../../../src/activities/references';
import { carryOutRotation } from '../../../src/activities/rotate';
import { duePasswords, isRotationDue, wantsKey } from '../../../src/activities/rotation-facts';
import type { MultiCloudMongoDB } from '../../../src/api/multicloudmongodb';
import { partsOfRotation, readRebuildRequest } from '../../../src/domain/rotation';
import { KINDS } from '../../../src/kube/object';
import { formatKeys, readKeys } from '../../../src/mongodb/keyfile';
import { makeInstance } from '../../support/custom-resource';
import { makeStubContext } from '../../support/stub-context';
import { createStubKube } from '../../support/stub-kube';

const ROTATE = 'middleware.fedstate.io/rotate';
const asked = (request?: string, spec: Readonly<Record<string, unknown>> = {}): MultiCloudMongoDB =>
  makeInstance(spec, request === undefined ? {} : { annotations: { [ROTATE]: request } });

const encode = (values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );

const BASE = {
  rootPassword: 'root-1',
  clusterAdminPassword: 'admin-1',
  clusterMonitorPassword: 'monitor-1',
  keyfile: 'first-key',
};
const patchSchema = z.object({
  metadata: z.object({ uid: z.string(), resourceVersion: z.string() }),
  data: z.record(z.string(), z.string().nullable()),
});

/** Karmada's API server with Secret `orders-auth`, which merge patches change. */
function worldOf(cr: MultiCloudMongoDB, more: Readonly<Record<string, string>> = {}) {
  const stub = createStubKube();
  let data = encode({ ...BASE, ...more });
  const labels = { 'middleware.fedstate.io/instance-uid': cr.metadata.uid };
  const put = (): void => stub.put(KINDS.secret, 'orders-auth', { metadata: { labels }, data });
  put();
  const patches: z.infer<typeof patchSchema>[] = [];
  stub.onPatch(KINDS.secret, (patch) => {
    const read = patchSchema.parse(patch);
    patches.push(read);
    const changed = Object.entries({ ...data, ...read.data });
    data = Object.fromEntries(changed.flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
    put();
  });
  const context = makeStubContext(stub.kube);
  return { stub, context, patches, auth: (): Promise<AuthSecret> => readAuthSecret(context, cr) };
}

describe('what is asked for', () => {
  it.each([
    ['2026-01-01', ['passwords', 'keyfile']],
    ['passwords/2026', ['passwords']],
    ['keyfile/2026', ['keyfile']],
    ['keyfile', ['keyfile']],
    ['', ['passwords', 'keyfile']],
  ])('rotate=%s means %j', (request, parts) => expect(partsOfRotation(request)).toEqual(parts));

  it.each([
    ['east/0', { cluster: 'east', ordinal: 0 }],
    ['10-29-14-21/12@2026-01-01T00:00:00Z', { cluster: '10-29-14-21', ordinal: 12 }],
    ['east/arbiter@x', { cluster: 'east', ordinal: 'arbiter' }],
    ['east', undefined],
    ['east/01', undefined],
    ['/0', undefined],
    ['east/0 and more', undefined],
  ])('rebuild=%s means %j', (request, place) => expect(readRebuildRequest(request)).toEqual(place));

  it('a request changes the wish, and nothing of what is carried to members', () => {
    const [before, after] = [asked(), asked('keyfile/1')];
    expect(answers(describeWish(before, 'r'), describeWish(after, 'r'))).toBe(false);
    expect(answers(describeCarried(before, 'r'), describeCarried(after, 'r'))).toBe(true);
  });
});

describe('whose password is to be set', () => {
  const given = { auth: { rootPasswdSecretRef: { name: 'orders-root' } } };

  it.each([
    ['nobody asks', asked(), {}, undefined, []],
    ['a new request', asked('1'), {}, undefined, ['root', 'clusterAdmin', 'clusterMonitor']],
    ['a request for the keyfile', asked('keyfile/1'), {}, undefined, []],
    ['the request that was carried out', asked('1'), { passwordsFor: '1' }, undefined, []],
    [
      'one that was given is not invented anew',
      asked('1', given),
      {},
      'root-1',
      ['clusterAdmin', 'clusterMonitor'],
    ],
    ['one that was given is followed, whoever asks', asked(undefined, given), {}, 'root-2', ['root']],
    [
      'after a crash between storing and setting',
      asked('1'),
      { passwordsFor: '1', pendingClusterAdminPassword: 'admin-2' },
      undefined,
      ['clusterAdmin'],
    ],
  ])('%s', async (_, cr, more, root, due) => {
    expect(duePasswords(cr, await worldOf(cr, more).auth(), root)).toEqual(due);
  });

  it('while they are being set, no step makes them what they were', async () => {
    const cr = asked('1');
    const { context } = worldOf(cr, { pendingRootPassword: 'root-2' });
    expect(await readCredentials(context, cr)).toMatchObject({ rootPassword: 'root-1', changing: true });
  });
});

describe('the keyfile (S23)', () => {
  it('is one key, or a list of two as mongod reads it', () => {
    expect(readKeys('abc\n')).toEqual(['abc\n']);
    expect(readKeys(formatKeys(['abc', 'def']))).toEqual(['abc', 'def']);
    expect(formatKeys(['abc'])).toBe('abc');
    expect(formatKeys(['abc', 'def'])).toBe('- abc\n- def\n');
  });

  it('gets both keys, and we go on with the old one, which every member takes', async () => {
    const cr = asked('keyfile/1');
    const { context, auth, patches } = worldOf(cr);
    expect([phaseOf(await auth()), wantsKey(cr, await auth())]).toEqual(['one', true]);
    expect(await carryOutRotation(context, cr, { kind: 'writeKeyfile', keys: 'both' })).toMatchObject({
      done: true,
    });
    const both = await auth();
    expect(both).toMatchObject({ keyfileRevision: '0+1', keyfileFor: 'keyfile/1' });
    expect(both.keys[0]).toBe('first-key');
    expect(both.keys[1]).toMatch(/^[A-Za-z0-9+/=]{1008}$/);
    expect([phaseOf(both), wantsKey(cr, both)]).toEqual(['both', true]);
    expect((await readCredentials(context, cr)).keyfile).toBe('first-key');
    // Again, as after a crash: nothing more is made.
    await carryOutRotation(context, cr, { kind: 'writeKeyfile', keys: 'both' });
    expect(patches).toHaveLength(1);
    // Only the very Secret that was read is changed.
    expect(patches[0]?.metadata).toEqual({ uid: 'uid-of-orders-auth', resourceVersion: '1' });
  });

  it('gets the old key alone again when the request is taken back, and is then as it was', async () => {
    const cr = asked('keyfile/2');
    const { context, auth } = worldOf(cr, {
      keyfileRevision: '4',
      keyfileFor: 'keyfile/1',
      monitorRevision: '2',
    });
    await carryOutRotation(context, cr, { kind: 'writeKeyfile', keys: 'both' });
    expect(credentialsRevisionOf(await auth())).toBe('4+5/2');
    const back = asked('keyfile/1');
    expect([wantsKey(back, await auth()), isRotationDue(back, await auth())]).toEqual([false, true]);
    await carryOutRotation(context, back, { kind: 'writeKeyfile', keys: 'old' });
    const after = await auth();
    expect(after).toMatchObject({ keys: ['first-key'], keyfileRevision: '4', keyfileFor: 'keyfile/1' });
    expect([after.formerKeyfileFor, isRotationDue(back, after)]).toEqual([undefined, false]);
  });

  it('is not changed for a plan that was made for another request', async () => {
    const cr = asked();
    const { context, patches } = worldOf(cr);
    await expect(carryOutRotation(context, cr, { kind: 'writeKeyfile', keys: 'both' })).rejects.toMatchObject(
      {
        kind: 'Superseded',
      },
    );
    expect(patches).toEqual([]);
  });
});

test('a changed Secret of a password is seen, and no trace of the password is in the record', async () => {
  const cr = asked(undefined, { auth: { rootPasswdSecretRef: { name: 'orders-root', key: 'password' } } });
  const { stub, context } = worldOf(cr);
  const read = async (password: string, resourceVersion: string) => {
    stub.put(KINDS.secret, 'orders-root', { metadata: { resourceVersion }, data: encode({ password }) });
    const resolved = await resolveReferences(context, cr);
    if (!resolved.ok) throw new Error(resolved.wait.message);
    return resolved.references;
  };
  const [first, second, same] = [await read('one', '1'), await read('two', '2'), await read('other', '1')];
  expect(digestReferences(second)).not.toBe(digestReferences(first));
  expect(digestReferences(same)).toBe(digestReferences(first));
  expect(digestCarried(second)).toBe(digestCarried(first));
});
