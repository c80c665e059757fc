import { type Server, type Socket, createServer } from 'node:net';
import { isTruthy } from '../doc';
import { messageOf } from '../error';
import { FrameReader } from '../wire/frame-reader';
import { type Request, parseRequest, writeReply } from '../wire/message';
import type { Connection, ServerCore } from './context';
import { type CommandTable, dispatch } from './dispatch';

let lastConnection = 0;

const isLoopback = (address: string): boolean =>
  address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');

const makeConnection = (socket: Socket): Connection => {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  lastConnection += 1;
  return {
    id: lastConnection,
    remote: `${address}:${socket.remotePort ?? 0}`,
    isLocal: isLoopback(address),
    principals: [],
    conversation: undefined,
    helloSeen: false,
    helloOk: false,
    isMember: false,
    closed: false,
  };
};

/** A hello that the client wants answered again and again (streaming monitor, S31). */
const streams = (request: Request): boolean => {
  const [name] = Object.keys(request.body);
  const isHello = name === 'hello' || name === 'isMaster' || name === 'ismaster';
  return (
    request.streaming &&
    isHello &&
    request.body['topologyVersion'] !== undefined &&
    isTruthy(request.body['maxAwaitTimeMS'])
  );
};

const answer = async (
  table: CommandTable,
  core: ServerCore,
  connection: Connection,
  socket: Socket,
  first: Request,
): Promise<void> => {
  let request = first;
  let responseTo = first.requestId;
  for (;;) {
    const body = await dispatch(table, core, connection, request);
    if (socket.destroyed || request.silent) return;
    const more = streams(request) && body['ok'] !== undefined && body['topologyVersion'] !== undefined;
    const { frame, id } = writeReply(request, body, more, responseTo);
    socket.write(frame);
    if (!more) return;
    responseTo = id;
    request = { ...request, body: { ...request.body, topologyVersion: body['topologyVersion'] } };
  }
};

const serve = (table: CommandTable, core: ServerCore, socket: Socket): Connection => {
  const connection = makeConnection(socket);
  const reader = new FrameReader();
  let turn = Promise.resolve();
  core.connections.add(connection);
  core.counters.connectionsCreated += 1;
  socket.setNoDelay(true);
  socket.on('data', (chunk) => {
    try {
      for (const frame of reader.push(chunk)) {
        const request = parseRequest(frame);
        turn = turn
          .then(() => answer(table, core, connection, socket, request))
          .catch((error: unknown) => {
            core.log('NETWORK', 'closing a connection', { error: messageOf(error) }, 'E');
            socket.destroy();
          });
      }
    } catch (error) {
      core.log(
        'NETWORK',
        'closing a connection that sent a bad message',
        { remote: connection.remote, error: messageOf(error) },
        'E',
      );
      socket.destroy();
    }
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    connection.closed = true;
    core.connections.delete(connection);
    core.member?.bell.ring();
  });
  return connection;
};

/** The listening sockets of one server. */
export interface Listener {
  /** Stops listening and drops all connections. */
  close(): void;
  /** Drops all connections but those of other members. */
  dropClients(): void;
}

const listenOn = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => {
      server.off('error', reject);
      resolve();
    });
  });

/** Listens on every configured address. @throws the system's error when an address is taken. */
export const listen = async (table: CommandTable, core: ServerCore): Promise<Listener> => {
  const sockets = new Map<Socket, Connection>();
  const servers: Server[] = [];
  for (const ip of core.options.bindIps) {
    const server = createServer((socket) => {
      sockets.set(socket, serve(table, core, socket));
      socket.on('close', () => sockets.delete(socket));
    });
    servers.push(server);
    await listenOn(server, ip === '*' ? '0.0.0.0' : ip, core.options.port);
  }
  return {
    close: () => {
      for (const server of servers) server.close();
      for (const socket of sockets.keys()) socket.destroy();
    },
    dropClients: () => {
      for (const [socket, { isMember }] of sockets) if (!isMember) socket.destroy();
    },
  };
};
