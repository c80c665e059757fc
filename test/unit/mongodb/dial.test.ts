import { createServer, type Server } from 'node:net';
import { dialMember } from '../../../src/mongodb/dial';

function listen(host: string): Promise<{ readonly server: Server; readonly port: number }> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.end());
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no port was given'));
      else resolve({ server, port: address.port });
    });
  });
}

describe('dialMember', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '[::1]'],
  ])('reaches who listens on %s', async (address, written) => {
    const { server, port } = await listen(address);
    await dialMember(`${written}:${port}`, 5_000);
    await new Promise((resolve) => server.close(resolve));
  });

  test('says at once that nobody listens', async () => {
    const { server, port } = await listen('127.0.0.1');
    await new Promise((resolve) => server.close(resolve));
    await expect(dialMember(`127.0.0.1:${port}`, 5_000)).rejects.toMatchObject({
      kind: 'Unreachable',
      message: expect.stringContaining('ECONNREFUSED') as string,
      facts: { host: `127.0.0.1:${port}`, action: 'connect', timedOut: false },
    });
  });

  test('ends with the reason of whoever aborts', async () => {
    const reason = new Error('cancelled');
    await expect(dialMember('127.0.0.1:9', 5_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
