import { type Server, type Socket, connect, createServer } from 'node:net';
import type { Document } from 'bson';
import { type TestMember, TestSet, eventually, sleep } from './support/test-set';

/** Members known by an address that is not their own (VIP and NodePort), and cuts between them. */
jest.setTimeout(180_000);

/** A forwarder from a configured address to a member; while `open` is false nothing passes, as with lost packets. */
class Relay {
  open = true;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(
    readonly host: string,
    target: { ip: string; port: number },
  ) {
    this.server = createServer((socket) => {
      const far = connect(target.port, target.ip);
      for (const [from, to] of [
        [socket, far],
        [far, socket],
      ] as const) {
        this.sockets.add(from);
        from.on('data', (chunk) => {
          if (this.open) to.write(chunk);
        });
        from.on('close', () => to.destroy());
        from.on('error', () => to.destroy());
      }
    });
  }

  listen(): Promise<void> {
    const [ip = '', port = ''] = this.host.split(':');
    return new Promise((resolve) => this.server.listen(Number(port), ip, resolve));
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

const set = new TestSet();
const members: TestMember[] = [];
const relays: Relay[] = [];

const at = (index: number): TestMember => {
  const member = members[index];
  if (member === undefined) throw new Error(`no member ${index}`);
  return member;
};

beforeAll(async () => {
  for (const number of [1, 2, 3]) {
    const member = set.member(number, { port: 27018 });
    members.push(member);
    relays.push(new Relay(`${set.address(number)}:30017`, member));
  }
  await Promise.all(relays.map((relay) => relay.listen()));
  await set.start(...members);
  const config: Document[] = relays.map(({ host }, index) => ({
    _id: index,
    host,
    priority: index === 0 ? 2 : 1,
  }));
  await set.initiate(members, config);
});

afterAll(async () => {
  for (const relay of relays) relay.close();
  await set.end();
});

test('a member finds itself behind a configured address that is forwarded to it, also after a restart', async () => {
  expect(await at(0).ask({ isMaster: 1 })).toMatchObject({ ismaster: true, me: relays[0]?.host });
  await at(2).stop('SIGKILL');
  await at(2).start();
  await set.settled(at(2));
  expect(await at(2).ask({ isMaster: 1 })).toMatchObject({ secondary: true, me: relays[2]?.host });
});

test('a primary that nobody can reach steps down when the others have elected, and comes back without what it wrote alone', async () => {
  const insert = (member: TestMember, id: string, writeConcern: Document): Promise<Document> =>
    member.ask({ insert: 't', documents: [{ _id: id }], writeConcern, $db: 'd' });
  await insert(at(0), 'common', { w: 3 });
  const [cut] = relays;
  if (cut === undefined) throw new Error('no relay');
  // The others cannot reach it; what it sends out still arrives, so it learns of the new term from their answers.
  cut.open = false;
  await insert(at(0), 'alone', { w: 1 });
  const next = await eventually('another primary', async () => {
    for (const member of [at(1), at(2)]) {
      if ((await member.ask({ isMaster: 1 }))['ismaster'] === true) return member;
    }
    return undefined;
  });
  await eventually('the old primary has stepped down', async () =>
    (await at(0).ask({ isMaster: 1 }))['ismaster'] === false ? true : undefined,
  );
  expect(await insert(next, 'after', { w: 'majority', wtimeout: 20_000 })).toMatchObject({ ok: 1 });
  cut.open = true;
  await eventually("it has the set's history", async () => {
    const reply = await at(0).ask({ find: 't', $readPreference: { mode: 'nearest' }, $db: 'd' });
    const text = JSON.stringify(reply);
    return text.includes('after') && !text.includes('alone') ? true : undefined;
  });
});

test('a primary frozen and thawed finds its successor and is SECONDARY at once', async () => {
  const primary = await eventually('a primary', async () => {
    for (const member of members) if ((await member.ask({ isMaster: 1 }))['ismaster'] === true) return member;
    return undefined;
  });
  const others = members.filter((member) => member !== primary);
  const { term: before } = await primary.ask({ replSetGetStatus: 1 });
  primary.signal('SIGSTOP');
  const next = await eventually('a successor', async () => {
    for (const member of others) if ((await member.ask({ isMaster: 1 }))['ismaster'] === true) return member;
    return undefined;
  });
  expect(Number((await next.ask({ replSetGetStatus: 1 }))['term'])).toBeGreaterThan(Number(before));
  primary.signal('SIGCONT');
  await sleep(1500);
  expect(await primary.ask({ insert: 't', documents: [{ _id: 'late' }], $db: 'd' })).toMatchObject({
    code: 10107,
  });
});
