import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { startDelayProxy } from '../../../../local/faults/delay-proxy';

/** Longer than an echo takes without it, also on a machine that is busy. */
const DELAY_MS = 1_000;
const SHORT_MS = 50;

const listen = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
};
const portOf = (address: AddressInfo | string | null): number =>
  address === null || typeof address === 'string' ? 0 : address.port;

describe('a slow link', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function startEcho(ms: number): Promise<number> {
    const echo = createServer((socket) => socket.pipe(socket));
    servers.push(echo);
    const port = await listen(echo);
    const proxies = await startDelayProxy([{ listen: 0, host: '127.0.0.1', port }], ms);
    servers.push(...proxies);
    return portOf(proxies[0]?.address() ?? null);
  }

  it('brings everything in its order, each direction late, and the end after the last', async () => {
    const client = connect(await startEcho(DELAY_MS), '127.0.0.1');
    const parts: string[] = [];
    client.on('data', (part) => parts.push(part.toString()));
    await once(client, 'connect');
    const begun = Date.now();
    client.write('one ');
    await once(client, 'data');
    const roundTrip = Date.now() - begun;
    expect(roundTrip).toBeGreaterThanOrEqual(2 * DELAY_MS - 5);
    for (const word of ['two ', 'three ', 'four']) client.write(word);
    client.end();
    await once(client, 'close');
    expect(parts.join('')).toBe('one two three four');
  }, 30_000);

  it('is as wide as it was: much on the way at one time, all of it once late', async () => {
    const client = connect(await startEcho(SHORT_MS), '127.0.0.1');
    await once(client, 'connect');
    const size = 4 * 1024 * 1024;
    let received = 0;
    const all = new Promise<void>((resolve) => {
      client.on('data', (part) => {
        received += part.length;
        if (received === size) resolve();
      });
    });
    client.write(Buffer.alloc(size, 'x'));
    await all;
    client.destroy();
    expect(received).toBe(size);
  }, 30_000);
});
