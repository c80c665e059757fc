import { MongoClient, MongoServerError } from 'mongodb';
import { makeInstance } from '../../support/custom-resource';
import { createStubKube } from '../../support/stub-kube';
import { readPassword } from '../../../src/activities/secret-value';
import { KINDS } from '../../../src/kube/object';
import type { Access } from '../../../src/mongodb/connect';
import { buildConnectionString } from '../../../src/mongodb/connection-string';
import { findPasswordFault } from '../../../src/mongodb/password';
import {
  ensureApplicationUsers,
  ensureSystemUsers,
  canSystemUsersSignIn,
  signIn,
} from '../../../src/mongodb/users';
import { KEY, type TestMember, TestSet } from './support/test-set';

/** A password's whole way: Secret, decoded, user made, signed in, URI, the official driver's own reading of it. */
jest.setTimeout(120_000);

const set = new TestSet();
const asSystem: Access = { credentials: { kind: 'keyfile', key: KEY } };
let member: TestMember;

beforeAll(async () => {
  member = set.member(1);
  await set.start(member);
  await set.initiate([member], [{ _id: 0, host: member.host }]);
});
afterAll(() => set.end());

async function throughSecret(password: string): Promise<string> {
  const stub = createStubKube();
  stub.put(KINDS.secret, 'user', { data: { password: Buffer.from(password, 'utf8').toString('base64') } });
  const context = { karmada: stub.kube };
  const read = await readPassword(context, makeInstance({}), 'spec.users', { name: 'user', key: 'password' });
  if ('wait' in read) throw new Error(read.wait.message);
  return read.value;
}

const uriFor = (name: string, password: string): string =>
  buildConnectionString({ hosts: [member.host], setName: 'rs0', user: { name, password } });

async function readWith(uri: string): Promise<unknown> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 10_000 });
  try {
    return await client.db('shop').collection('things').countDocuments({});
  } finally {
    await client.close();
  }
}

const PASSWORDS = [
  ...['x', '@:/%?#[]"\\', '\'"`$(id)', ' ', 'p w ', '%41%00', 'a&authSource=local', '{"$ne": ""}', 'a,b=c'],
  ...['\u00e9', 'e\u0301', '日本語', '€uro', '𝕏', 'שלום', 'a\u00a0b', 'pass\u00adword', 'ﬁ'],
  ...['a'.repeat(1024), 'é'.repeat(1024), '@'.repeat(1024)],
];
const ROLES = [{ role: 'readWrite', db: 'shop' }];

test.each(
  PASSWORDS.map((password, index) => ({ index, password, shown: JSON.stringify(password).slice(0, 40) })),
)('password $shown signs in, through our own door and through the URI', async ({ index, password }) => {
  const name = `user-${index} ü@:/`;
  const read = await throughSecret(password);
  expect(read).toBe(password);
  const users = [{ name, password: read, roles: ROLES }];
  expect(await ensureApplicationUsers(member.host, asSystem, users)).toEqual({ [name]: 'created' });
  expect(await ensureApplicationUsers(member.host, asSystem, users)).toEqual({ [name]: 'present' });
  await signIn(member.host, name, read);
  const uri = uriFor(name, read);
  expect(new MongoClient(uri).options.credentials).toMatchObject({ username: name, password });
  expect(await readWith(uri)).toBe(0);
  await expect(signIn(member.host, name, `${read}${read}`.slice(0, 1023))).rejects.toMatchObject({
    kind: 'Unauthorized',
  });
});

test('composed and decomposed letters are one password, as RFC 4013 has it', async () => {
  await ensureApplicationUsers(member.host, asSystem, [
    { name: 'accent', password: 'caf\u00e9', roles: ROLES },
  ]);
  await signIn(member.host, 'accent', 'cafe\u0301');
  expect(await readWith(uriFor('accent', 'cafe\u0301'))).toBe(0);
});

test('root gets its password the same way, and a changed one is put right', async () => {
  const passwords = { root: '@:/%?#"\\', clusterAdmin: 'a', clusterMonitor: 'b' };
  await ensureSystemUsers(member.host, KEY, passwords);
  expect(await canSystemUsersSignIn(member.host, passwords)).toBe(true);
  expect(await readWith(uriFor('root', passwords.root))).toBe(0);
  const changed = { ...passwords, root: 'e\u0301 new' };
  expect(await ensureSystemUsers(member.host, KEY, changed)).toMatchObject({ root: 'updated' });
  expect(await readWith(uriFor('root', changed.root))).toBe(0);
});

test.each(['a\nb', 'x\n', 'tab\t', '😀', 'אa', '\u00ad'])(
  'password %j, which we refuse, no server takes and no driver sends',
  async (password) => {
    expect(findPasswordFault(password)).toBeDefined();
    await expect(throughSecret(password)).rejects.toThrow(/cannot be used, as/);
    const users = [{ name: 'nobody', password, roles: ROLES }];
    await expect(signIn(member.host, 'root', password)).rejects.toMatchObject({ kind: 'InvalidSpec' });
    await expect(ensureApplicationUsers(member.host, asSystem, users)).rejects.toMatchObject({
      kind: 'Refused',
    });
    const wrong: unknown = await readWith(uriFor('root', password)).catch((error: unknown) => error);
    expect(wrong).toBeInstanceOf(Error);
    expect(wrong).not.toBeInstanceOf(MongoServerError);
  },
);
