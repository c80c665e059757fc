import { connect, createServer, type Server, type Socket } from 'node:net';

/** A port that is listened on, and where what comes there goes on to. */
export interface Passway {
  readonly listen: number;
  readonly host: string;
  readonly port: number;
}

const MOST_ON_THE_WAY = 1024 * 1024;

/** Leads connections on, each direction late by `ms`. Resolves when all ports are listened on. */
export async function startDelayProxy(passways: readonly Passway[], ms: number): Promise<readonly Server[]> {
  return Promise.all(
    passways.map(
      ({ listen, host, port }) =>
        new Promise<Server>((resolve, reject) => {
          const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
            const far = connect({ host, port, allowHalfOpen: true, noDelay: true });
            carry(near, far, ms);
            carry(far, near, ms);
          });
          server.once('error', reject).listen(listen, () => resolve(server));
        }),
    ),
  );
}

/** Every piece goes on `ms` after it came; many are on the way at one time, as on a long line. */
function carry(from: Socket, to: Socket, ms: number): void {
  let onTheWay = 0;
  const holdOrGoOn = (): void => {
    if (onTheWay + to.writableLength > MOST_ON_THE_WAY) from.pause();
    else from.resume();
  };
  from.on('data', (piece) => {
    onTheWay += piece.length;
    holdOrGoOn();
    setTimeout(() => {
      onTheWay -= piece.length;
      to.write(piece);
      holdOrGoOn();
    }, ms);
  });
  to.on('drain', holdOrGoOn);
  from.on('end', () => setTimeout(() => to.end(), ms));
  from.on('error', () => to.destroy());
  from.on('close', () => setTimeout(() => to.destroySoon(), ms));
}
