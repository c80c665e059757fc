import { Timestamp, type Document } from 'mongodb';
import { FedStateError } from '../../../src/domain/errors';
import { rawConfigSchema, type RawConfig } from '../../../src/mongodb/answers';
import type { MemberSession } from '../../../src/mongodb/connect';
import { reconfigure, waitCommitted } from '../../../src/mongodb/reconfig';

/** A server of one conversation: what it holds, and what it does with a reconfig. */
const server: {
  config: RawConfig;
  wire: number;
  versions: readonly number[];
  applied: unknown;
  committed: unknown;
  asked: string[];
  onReconfig: (next: RawConfig) => void;
} = {
  config: { _id: 'rs0', version: 1, members: [] },
  wire: 8,
  versions: [],
  applied: undefined,
  committed: undefined,
  asked: [],
  onReconfig: () => undefined,
};

jest.mock('../../../src/mongodb/connect', () => {
  const actual = jest.requireActual<object>('../../../src/mongodb/connect');
  const session: MemberSession = {
    host: 'p:1',
    ask: (schema, command) => Promise.resolve().then(() => schema.parse(answer(command))),
  };
  return {
    ...actual,
    withMember: (_host: string, _access: unknown, run: (session: MemberSession) => Promise<unknown>) =>
      run(session),
  };
});

function answer(command: Document): unknown {
  const name = Object.keys(command)[0] ?? '';
  server.asked.push(name);
  switch (name) {
    case 'hello':
      return { maxWireVersion: server.wire };
    case 'replSetGetConfig':
      return { config: server.config, commitmentStatus: true };
    case 'replSetGetStatus':
      return {
        set: 'rs0',
        myState: 1,
        optimes: { appliedOpTime: server.applied, lastCommittedOpTime: server.committed },
        members: server.versions.map((configVersion, _id) => ({
          _id,
          name: `m${_id}:1`,
          health: 1,
          state: 1,
          configVersion,
        })),
      };
    case 'replSetReconfig': {
      server.onReconfig(rawConfigSchema.parse(command['replSetReconfig']));
      return { ok: 1 };
    }
    default:
      return { ok: 1 };
  }
}

const at = (seconds: number, term = 2) => ({ ts: new Timestamp({ t: seconds, i: 1 }), t: term });
const members = [0, 1, 2].map((_id) => ({ _id, host: `m${_id}:1`, votes: 1, priority: 1 }));
const access = { credentials: { kind: 'none' } } as const;
const raise = (config: RawConfig): RawConfig => ({
  ...config,
  members: config.members.map((member) => (member._id === 0 ? { ...member, priority: 5 } : member)),
});
const timeout = (): never => {
  throw new FedStateError('Unreachable', 'connection timed out', { host: 'p:1' });
};
const reconfigs = (): number => server.asked.filter((name) => name === 'replSetReconfig').length;

beforeEach(() => {
  server.config = { _id: 'rs0', version: 4, term: 2, members };
  server.wire = 21;
  server.versions = [4, 4, 4];
  server.asked = [];
  server.onReconfig = (next) => {
    server.config = next;
  };
});

describe('one reconfig', () => {
  test('sends version + 1 of what it has just read and returns what is installed', async () => {
    await expect(reconfigure('p:1', access, { version: 4, term: 2 }, raise)).resolves.toEqual({
      version: 5,
      term: 2,
    });
    expect(server.config.members[0]?.priority).toBe(5);
    expect(reconfigs()).toBe(1);
  });

  test.each([
    ['version', { version: 3, term: 2 }],
    ['term', { version: 4, term: 1 }],
  ])('is superseded when the %s has moved, and nothing is sent', async (_what, expected) => {
    await expect(reconfigure('p:1', access, expected, raise)).rejects.toMatchObject({ kind: 'Superseded' });
    expect(reconfigs()).toBe(0);
  });

  test('that gets no answer but was installed is done; it is not sent again (S3)', async () => {
    server.onReconfig = (next) => {
      server.config = next;
      timeout();
    };
    await expect(reconfigure('p:1', access, { version: 4, term: 2 }, raise)).resolves.toMatchObject({
      version: 5,
    });
    expect(reconfigs()).toBe(1);
  });

  test('that gets no answer and was not installed is left to the caller (S3)', async () => {
    server.onReconfig = timeout;
    await expect(reconfigure('p:1', access, { version: 4, term: 2 }, raise)).rejects.toMatchObject({
      kind: 'NotReady',
    });
    expect(reconfigs()).toBe(1);
  });

  test('that gets no answer while another change of the same version was installed is superseded (S3)', async () => {
    server.onReconfig = (next) => {
      server.config = { ...next, members: members.slice(0, 2) };
      timeout();
    };
    await expect(reconfigure('p:1', access, { version: 4, term: 2 }, raise)).rejects.toMatchObject({
      kind: 'Superseded',
    });
  });

  test('that the server refuses is not read back', async () => {
    server.onReconfig = () => {
      throw new FedStateError('Refused', 'invalid', { code: 103 });
    };
    await expect(reconfigure('p:1', access, { version: 4, term: 2 }, raise)).rejects.toMatchObject({
      kind: 'Refused',
    });
  });
});

describe('committed, below 4.4 (S1)', () => {
  beforeEach(() => {
    server.wire = 8;
    server.config = { _id: 'rs0', version: 4, members };
    server.applied = at(100);
    server.committed = at(100);
  });

  test('is when a majority of voters report the version and a no-op written after that is committed', async () => {
    server.versions = [4, 4, 3];
    await waitCommitted('p:1', access, { version: 4 });
    expect(server.asked).toContain('appendOplogNote');
  });

  test.each([at(99), at(200, 1), undefined])(
    'is not while the commit point stays behind the no-op',
    async (committed) => {
      server.versions = [4, 4, 4];
      server.committed = committed;
      await expect(waitCommitted('p:1', access, { version: 4 }, 50)).rejects.toMatchObject({
        kind: 'NotReady',
      });
    },
  );

  test('is not when only a minority does', async () => {
    server.versions = [4, 3, 3];
    await expect(waitCommitted('p:1', access, { version: 4 }, 50)).rejects.toMatchObject({
      kind: 'NotReady',
    });
    expect(server.asked).not.toContain('appendOplogNote');
  });

  test('counts voters only', async () => {
    server.config = {
      _id: 'rs0',
      version: 4,
      members: members.map((m) => (m._id === 0 ? m : { ...m, votes: 0, priority: 0 })),
    };
    server.versions = [4, 1, 1];
    await expect(waitCommitted('p:1', access, { version: 4 }, 50)).resolves.toBeUndefined();
  });
});
