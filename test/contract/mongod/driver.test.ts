import { MongoBulkWriteError, MongoClient, MongoServerError, UUID } from 'mongodb';
import { type TestMember, TestSet } from './support/test-set';

/** The official driver at work: logins, documents, indexes, cursors, retryable writes. */
jest.setTimeout(180_000);

interface Item {
  _id: number | string;
  group?: string;
  size?: number;
  tags?: string[];
  made?: boolean;
}

const set = new TestSet();
let member: TestMember;
let client: MongoClient;

const uriFor = (user: string, password: string, more = ''): string =>
  `mongodb://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${member.host}/?authSource=admin${more}`;

const items = (name: string) => client.db('shop').collection<Item>(name);

beforeAll(async () => {
  member = set.member(1);
  await set.start(member);
  await set.initiate([member], [{ _id: 0, host: member.host }]);
  await member.ask({ createUser: 'root', pwd: 'root-pw', roles: ['root'] });
  client = new MongoClient(uriFor('root', 'root-pw', '&replicaSet=rs0'));
  await client.connect();
});

afterAll(async () => {
  await client.close();
  await set.end();
});

describe('logins', () => {
  const user = 'ünïcode:@/?#[]%&+ user';
  const password = 'pässwörd-密码 p@:/?';

  beforeAll(() =>
    client.db('admin').command({ createUser: user, pwd: password, roles: ['readWriteAnyDatabase'] }),
  );

  test.each(['', '&authMechanism=SCRAM-SHA-1', '&authMechanism=SCRAM-SHA-256', '&directConnection=true'])(
    'with odd characters, %s',
    async (more) => {
      const other = new MongoClient(uriFor(user, password, more));
      expect(await other.db('admin').command({ ping: 1 })).toMatchObject({ ok: 1 });
      await other.close();
    },
  );

  test('a wrong password is code 18', async () => {
    const other = new MongoClient(uriFor(user, 'wrong'), { serverSelectionTimeoutMS: 3000 });
    await expect(other.db('admin').command({ ping: 1 })).rejects.toMatchObject({ code: 18 });
    await other.close();
  });
});

describe('documents', () => {
  test('insert, update, upsert, replace, delete', async () => {
    const things = items('things');
    await things.insertMany([
      { _id: 1, group: 'a', size: 3, tags: ['x'] },
      { _id: 2, group: 'b', size: 5 },
      { _id: 3, group: 'a', size: 8 },
    ]);
    expect(
      await things.updateMany({ group: 'a' }, { $inc: { size: 1 }, $push: { tags: 'y' } }),
    ).toMatchObject({ matchedCount: 2, modifiedCount: 2 });
    expect(
      await things.updateOne(
        { _id: 9 },
        { $set: { size: 1 }, $setOnInsert: { made: true } },
        { upsert: true },
      ),
    ).toMatchObject({ upsertedId: 9 });
    expect(await things.findOne({ _id: 9 })).toEqual({ _id: 9, made: true, size: 1 });
    await things.replaceOne({ _id: 2 }, { group: 'c' });
    expect(await things.findOne({ _id: 2 })).toEqual({ _id: 2, group: 'c' });
    expect(await things.deleteMany({ size: { $lt: 4 } })).toMatchObject({ deletedCount: 1 });
    const left = await things.find({}, { sort: { _id: -1 }, projection: { tags: 1 } }).toArray();
    expect(left).toEqual([{ _id: 3, tags: ['y'] }, { _id: 2 }, { _id: 1, tags: ['x', 'y'] }]);
  });

  test('findOneAndUpdate, distinct, count, aggregate', async () => {
    const things = items('more');
    await things.insertMany(
      [1, 2, 3, 4].map((size) => ({ _id: size, group: size % 2 === 0 ? 'even' : 'odd', size })),
    );
    expect(
      await things.findOneAndUpdate(
        { size: { $gte: 3 } },
        { $set: { group: 'big' } },
        { sort: { size: -1 }, returnDocument: 'after' },
      ),
    ).toEqual({ _id: 4, group: 'big', size: 4 });
    expect(await things.findOneAndDelete({ _id: 1 })).toMatchObject({ _id: 1 });
    expect((await things.distinct('group')).sort()).toEqual(['big', 'even', 'odd']);
    expect(await things.countDocuments({ size: { $in: [2, 3] } })).toBe(2);
    expect(await things.estimatedDocumentCount()).toBe(3);
    const sums = await things.aggregate([{ $group: { _id: null, total: { $sum: '$size' } } }]).toArray();
    expect(sums).toEqual([{ _id: null, total: 9 }]);
  });

  test('cursors go on in batches', async () => {
    const things = items('many');
    await things.insertMany(Array.from({ length: 250 }, (_, _id) => ({ _id })));
    const seen = await things
      .find({}, { batchSize: 20 })
      .map(({ _id }) => _id)
      .toArray();
    expect(seen).toEqual(Array.from({ length: 250 }, (_, index) => index));
    const cursor = things.find({}, { batchSize: 10 });
    await cursor.next();
    await cursor.close();
  });

  test('unique indexes hold, also against later writes and at creation', async () => {
    const things = items('unique');
    await things.createIndex({ group: 1 }, { unique: true });
    await things.insertOne({ _id: 1, group: 'a' });
    await expect(things.insertOne({ _id: 2, group: 'a' })).rejects.toMatchObject({ code: 11000 });
    await expect(
      things.insertMany([
        { _id: 3, group: 'b' },
        { _id: 1, group: 'c' },
      ]),
    ).rejects.toBeInstanceOf(MongoBulkWriteError);
    expect((await things.indexes()).map(({ name }) => name)).toEqual(['_id_', 'group_1']);
    await things.dropIndex('group_1');
    await things.insertOne({ _id: 2, group: 'a' });
    await expect(things.createIndex({ group: 1 }, { unique: true })).rejects.toMatchObject({ code: 11000 });
  });

  test('collections and databases come and go', async () => {
    const db = client.db('passing');
    await db.createCollection('one');
    await db.collection('two').insertOne({ a: 1 });
    expect((await db.listCollections().toArray()).map(({ name }) => name).sort()).toEqual(['one', 'two']);
    await expect(db.createCollection('one')).rejects.toMatchObject({ code: 48 });
    await db.collection('one').drop();
    await db.dropDatabase();
    expect((await db.admin().listDatabases()).databases.map(({ name }) => name)).not.toContain('passing');
  });

  test('what is not imitated is refused clearly', async () => {
    const session = client.startSession();
    const work = session.withTransaction(() => items('tx').insertOne({ _id: 1 }, { session }));
    await expect(work).rejects.toMatchObject({ code: 263 });
    await session.endSession();
    await expect(items('tx').watch().next()).rejects.toBeInstanceOf(MongoServerError);
  });
});

test('a retryable write sent twice is done once, also by a restarted server', async () => {
  // Not one of the driver's: its pool hands out sessions that have counted on already.
  const lsid = { id: new UUID() };
  const command = {
    update: 'retry',
    updates: [{ q: { _id: 1 }, u: { $inc: { size: 1 } } }],
    lsid,
    txnNumber: 7,
  };
  await items('retry').insertOne({ _id: 1, size: 0 });
  const once = async (): Promise<void> => {
    const wire = await member.as('root', 'root-pw');
    expect(await wire.run({ ...command, writeConcern: { w: 'majority' }, $db: 'shop' })).toMatchObject({
      n: 1,
    });
    wire.close();
  };
  await once();
  await once();
  await member.stop('SIGKILL');
  await member.start();
  await set.initiated(member);
  await once();
  expect(await items('retry').findOne({ _id: 1 })).toEqual({ _id: 1, size: 1 });
});
