import { Binary, type Document } from 'bson';
import { ClientConversation, type Mechanism } from '../../../local/mongod/auth/scram';
import { Stage } from './support/stage';
import { KEY } from './support/test-set';
import type { WireClient } from './support/wire-client';

/** Every step of the recorded conversations by which a client proves who it is. */
jest.setTimeout(180_000);

const stage = new Stage('logins');
const a = stage.member('A');

beforeAll(() => a.start());

afterAll(() => stage.end());

const bytesOf = (payload: unknown): Buffer => {
  const { $binary: binary } = payload as { $binary: { base64: string } };
  return Buffer.from(binary.base64, 'base64');
};

/** Speaks a conversation as recorded, with nonces and proofs of this run. */
const converse = async (steps: readonly string[], password: string, on?: WireClient): Promise<void> => {
  const client = on ?? (await a.connect());
  const [start = '', prove, end] = steps;
  const { mechanism, payload } = stage.command(start) as { mechanism: Mechanism; payload: Binary };
  const user = /n=([^,]+)/.exec(Buffer.from(payload.buffer).toString())?.[1] ?? '';
  const conversation = new ClientConversation(user, password, mechanism);
  const withPayload = (bytes: Buffer) => (command: Document) => ({ ...command, payload: new Binary(bytes) });
  const challenge = await stage.play(start, { client, mend: withPayload(conversation.first) });
  if (prove !== undefined) {
    const proof = await conversation.prove(bytesOf(challenge['payload']));
    const answer = await stage.play(prove, { client, mend: withPayload(proof) });
    if (end !== undefined) {
      expect(conversation.accepts(bytesOf(answer['payload']))).toBe(true);
      await stage.play(end, { client });
    }
  }
  if (on === undefined) client.close();
};

test.each([
  ['by SCRAM-SHA-256 with its key', ['094', '095', '096'], KEY],
  ['by SCRAM-SHA-1 with its key', ['097', '098', '099'], KEY],
  ['by SCRAM-SHA-256 with another key', ['100', '101'], 'somethingelse'],
  ['by SCRAM-SHA-1 with another key', ['102', '103'], 'somethingelse'],
  ['in another database', ['104'], KEY],
  ['as a user that is not there', ['105'], KEY],
])('a member logs in %s', (_, steps, key) => converse(steps, key));

describe('root', () => {
  beforeAll(async () => {
    await stage.set.initiate([a], [{ _id: 0, host: a.host }]);
    await stage.createRoot([a]);
  });

  test.each([
    ['with another password', ['131', '132'], 'wrong'],
    ['with another password by SCRAM-SHA-1', ['133', '134'], 'wrong'],
    ['in another database', ['135'], 'root-pw'],
    ['as it should', ['136', '137', '138'], 'root-pw'],
  ])('logs in %s', (_, steps, password) => converse(steps, password));

  test('logs in once more on the same connection', async () => {
    const client = await a.as('root', 'root-pw');
    await converse(['139', '140', '141'], 'root-pw', client);
    client.close();
    expect(stage.unplayed).toEqual([]);
  });
});
