import { connect, createServer, type Socket } from 'node:net';

/** A wire between a client and a server that can be cut or go dead. */
export interface TcpProxy {
  readonly port: number;
  /** Breaks every connection; new ones work. */
  cut(): void;
  /** Present connections stay open and carry nothing any more, in either direction. New ones work. */
  freezePresent(): void;
  connections(): number;
  stop(): Promise<void>;
}

/** @param target port on 127.0.0.1 */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    const pair = [near, far] as const;
    pairs.add(pair);
    near.pipe(far);
    far.pipe(near);
    const end = (): void => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of pair) {
      socket.on('error', end);
      socket.on('close', end);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const cut = (): void => {
    for (const [near, far] of [...pairs]) {
      near.destroy();
      far.destroy();
    }
  };
  return {
    port: address.port,
    cut,
    freezePresent() {
      for (const [near, far] of pairs) {
        near.unpipe();
        far.unpipe();
        // Read and thrown away, so that the kernel goes on acknowledging as a half-dead middlebox does.
        near.resume();
        far.resume();
      }
    },
    connections: () => pairs.size,
    stop: () =>
      new Promise((resolve) => {
        cut();
        server.close(() => resolve());
      }),
  };
}
