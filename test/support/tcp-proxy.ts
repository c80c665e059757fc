import { connect, createServer, type Socket } from 'node:net';

/** A wire between a client and a server that can be cut or go dead. Each way gives how many connections it met. */
export interface TcpProxy {
  readonly port: number;
  /** Ends every connection (FIN); new ones work. */
  cut(): number;
  /** Breaks every connection (RST); new ones work. */
  reset(): number;
  /** Present connections stay open and carry nothing any more, in either direction: not even their end. New ones work. */
  freezePresent(): number;
  /** Open at the client's end, dead ones included: at the other end of a dead wire only the server can end them. */
  connections(): number;
  stop(): Promise<void>;
}

type Pair = readonly [Socket, Socket];

/** @param target port on `host` */
export async function startTcpProxy(target: number, host = '127.0.0.1'): Promise<TcpProxy> {
  const alive = new Set<Pair>();
  const dead = new Set<Pair>();
  const server = createServer((near) => {
    const far = connect(target, host);
    const pair = [near, far] as const;
    alive.add(pair);
    near.pipe(far);
    far.pipe(near);
    for (const socket of pair) {
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        if (dead.has(pair)) {
          // What happens at one end of a dead wire is not seen at the other.
          if (pair.every(({ destroyed }) => destroyed)) dead.delete(pair);
          return;
        }
        alive.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');

  const each = (act: (pair: Pair) => void): number => {
    const present = [...alive];
    for (const pair of present) act(pair);
    return present.length;
  };
  const cut = (): number =>
    each(([near, far]) => {
      near.destroy();
      far.destroy();
    });
  return {
    port: address.port,
    cut,
    reset: () =>
      each(([near, far]) => {
        near.resetAndDestroy();
        far.resetAndDestroy();
      }),
    freezePresent: () =>
      each((pair) => {
        alive.delete(pair);
        dead.add(pair);
        const [near, far] = pair;
        near.unpipe(far);
        far.unpipe(near);
        // Read and thrown away, so that the kernel goes on acknowledging as a half-dead middlebox does.
        near.resume();
        far.resume();
      }),
    connections: () => alive.size + [...dead].filter(([near]) => !near.destroyed).length,
    stop: () =>
      new Promise((resolve) => {
        cut();
        for (const pair of dead) for (const socket of pair) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
