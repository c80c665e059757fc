import { networkInterfaces } from 'node:os';
import { MongoClient } from 'mongodb';
import { joinHostPort } from '../../../src/domain/address';
import type { Access } from '../../../src/mongodb/connect';
import { buildConnectionString } from '../../../src/mongodb/connection-string';
import { reportMember } from '../../../src/mongodb/observe';
import { ensureSystemUsers } from '../../../src/mongodb/users';
import { KEY, TestSet } from './support/test-set';

/** A set whose members are configured by an IPv6 address in brackets, as a VIP of that family makes them. */
jest.setTimeout(120_000);

const loopback = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.address === '::1');
const suite = loopback ? describe : describe.skip;
if (!loopback) console.warn('IPv6 skipped: this machine has no ::1');

const PORT = 27117;
const HOST = joinHostPort('::1', PORT);

suite('a member at [::1]', () => {
  const set = new TestSet();
  const member = set.member(1, {
    port: PORT,
    flags: ['--ipv6', '--bind_ip', `${set.address(1)},::1`],
  });
  const asSystem: Access = { credentials: { kind: 'keyfile', key: KEY } };

  beforeAll(async () => {
    await set.start(member);
    await set.initiate([member], [{ _id: 0, host: HOST }]);
  });
  afterAll(() => set.end());

  test('is asked, configured and told of by that address', async () => {
    const report = await reportMember(HOST, asSystem);
    expect(report).toMatchObject({
      host: HOST,
      membership: 'member',
      stateName: 'PRIMARY',
      config: { members: [{ host: HOST }] },
      views: [{ host: HOST }],
    });
  });

  test('is found by a client through the URI that clients get', async () => {
    await ensureSystemUsers(HOST, KEY, { root: 'p@ss:w/rd', clusterAdmin: 'a', clusterMonitor: 'b' });
    const uri = buildConnectionString({
      hosts: [HOST],
      setName: 'rs0',
      user: { name: 'root', password: 'p@ss:w/rd' },
    });
    const client = new MongoClient(uri, { serverSelectionTimeoutMS: 20_000 });
    try {
      await client
        .db('shop')
        .collection('things')
        .insertOne({ a: 1 }, { writeConcern: { w: 'majority' } });
      expect(
        await client
          .db('admin')
          .command({ hello: 1 })
          .catch(() => client.db('admin').command({ isMaster: 1 })),
      ).toMatchObject({
        primary: HOST,
        hosts: [HOST],
      });
    } finally {
      await client.close();
    }
  });
});
