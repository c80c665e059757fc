import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findStack, registerStack, unregisterStack } from '../../../../local/stack/stack-registry';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'fedstate-registry-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

describe('registerStack', () => {
  it('gives each stack an index of its own and keeps it', async () => {
    const first = await registerStack(base, 'one', { members: undefined });
    const [second, third] = await Promise.all([
      registerStack(base, 'two', { members: ['a', 'b'] }),
      registerStack(base, 'three', { members: undefined }),
    ]);
    expect(new Set([first.index, second.index, third.index]).size).toBe(3);
    expect(await registerStack(base, 'one', { members: undefined })).toEqual(first);
    expect(findStack(base, 'two')?.members.map((member) => member.name)).toEqual(['a', 'b']);
  });

  it('gives an index free again with its stack', async () => {
    const { index } = await registerStack(base, 'one', { members: undefined });
    await unregisterStack(base, 'one');
    expect(findStack(base, 'one')).toBeUndefined();
    expect((await registerStack(base, 'two', { members: undefined })).index).toBe(index);
  });

  it('passes over ports that are taken', async () => {
    const { temporal } = await registerStack(base, 'one', { members: undefined });
    await unregisterStack(base, 'one');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(temporal.port, '127.0.0.1', resolve));
    try {
      expect((await registerStack(base, 'two', { members: undefined })).temporal.port).not.toBe(
        temporal.port,
      );
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('refuses other members, and clusters of another kind, for a stack that is there', async () => {
    await registerStack(base, 'one', { members: ['a', 'b'] });
    await expect(registerStack(base, 'one', { members: ['a'] })).rejects.toThrow(/members a,b/);
    await expect(
      registerStack(base, 'one', { members: ['a', 'b'], attached: { a: '1', b: '2' } }),
    ).rejects.toThrow(/reset it/);
  });

  it('remembers the addresses of clusters of others', async () => {
    await registerStack(base, 'site', { members: ['a'], attached: { a: '192.0.2.1' } });
    expect(findStack(base, 'site')?.members[0]?.address).toBe('192.0.2.1');
    await registerStack(base, 'site', { members: ['a'], attached: { a: '192.0.2.2' } });
    expect(findStack(base, 'site')?.members[0]?.address).toBe('192.0.2.2');
  });
});
