import { Binary } from 'bson';
import { type Socket, connect } from 'node:net';
import { ClientConversation } from '../auth/scram';
import { type Doc, printDoc, readBytes, readNumber, readString } from '../doc';
import { messageOf } from '../error';
import { FrameReader } from './frame-reader';
import { parseReply, writeCommand } from './message';

/** No answer from another member; the message is as the server words it. */
export class LinkError extends Error {}

/** The other member refuses our key. */
export class LinkAuthError extends LinkError {}

/** The other member answered `{ok: 0}`. */
export class RemoteError extends Error {
  constructor(
    readonly code: number | undefined,
    message: string,
  ) {
    super(message);
  }
}

/** The keys of the keyfile, first the one in use; empty: no authentication. */
export type Keys = readonly string[];

const noTime = "Couldn't get a connection within the time limit";

const causes: Record<string, string> = {
  ECONNREFUSED: 'Connection refused',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  ECONNRESET: 'Connection reset by peer',
  EPIPE: 'Broken pipe',
  ETIMEDOUT: 'Connection timed out',
};

const explain = (host: string, error: Error): LinkError => {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new LinkError(
      `Error connecting to ${host} :: caused by :: Could not find address for ${host}: SocketException: Host not found (authoritative)`,
    );
  }
  return new LinkError(`Error connecting to ${host} :: caused by :: ${causes[code] ?? error.message}`);
};

export const splitHost = (host: string): { name: string; port: number } => {
  const at = host.lastIndexOf(':');
  return { name: host.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(host.slice(at + 1)) };
};

const describeTimeout = (host: string, id: number, body: Doc): string => {
  const command = Object.fromEntries(Object.entries(body).filter(([field]) => !field.startsWith('$')));
  const deadline = new Date().toISOString().replace('Z', '+0000');
  return `Request ${id} timed out, deadline was ${deadline}, op was RemoteCommand ${id} -- target:[${host}] db:${readString(body, '$db') ?? ''} expDate:${deadline} cmd:${printDoc(command)}`;
};

interface Waiting {
  readonly resolve: (body: Doc) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** One connection to another member, opened when first needed and again after a failure. */
export class MemberLink {
  private socket: Socket | undefined;
  private ready: Promise<void> | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private closed = false;

  constructor(
    readonly host: string,
    private readonly keys: Keys,
  ) {}

  /**
   * Runs a command on the other member.
   * @throws LinkError when no connection or no answer comes in `timeoutMs`; LinkAuthError; RemoteError on `{ok: 0}`.
   */
  async run(database: string, command: Doc, timeoutMs: number): Promise<Doc> {
    const deadline = Date.now() + timeoutMs;
    if (this.closed) throw new LinkError('the connection was closed here');
    this.ready ??= this.open(deadline);
    await this.ready;
    return this.exchange(database, command, deadline - Date.now(), true);
  }

  /** Drops the connection; the next run opens another. */
  reset(): void {
    this.fail(new LinkError(`Error connecting to ${this.host} :: caused by :: Connection closed by peer`));
  }

  close(): void {
    this.closed = true;
    this.reset();
  }

  private async open(deadline: number): Promise<void> {
    try {
      await this.connect(deadline);
      await this.authenticate(deadline);
    } catch (error) {
      this.fail(error instanceof Error ? error : new LinkError(messageOf(error)));
      throw error;
    }
  }

  private connect(deadline: number): Promise<void> {
    const { name, port } = splitHost(this.host);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: name, port, noDelay: true });
      this.socket = socket;
      const timer = setTimeout(
        () => {
          socket.destroy();
          reject(new LinkError(noTime));
        },
        Math.max(1, deadline - Date.now()),
      );
      socket.once('connect', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.on('error', (error) => {
        clearTimeout(timer);
        reject(explain(this.host, error));
        if (this.socket === socket) this.fail(explain(this.host, error));
      });
      socket.on('close', () => {
        if (this.socket === socket) this.reset();
      });
      const reader = new FrameReader();
      socket.on('data', (chunk) => this.receive(socket, reader, chunk));
    });
  }

  private receive(socket: Socket, reader: FrameReader, chunk: Buffer): void {
    try {
      for (const frame of reader.push(chunk)) {
        const { responseTo, body } = parseReply(frame);
        const waiting = this.waiting.get(responseTo);
        this.waiting.delete(responseTo);
        if (waiting === undefined) continue;
        clearTimeout(waiting.timer);
        waiting.resolve(body);
      }
    } catch (error) {
      socket.destroy();
      if (this.socket === socket) this.fail(new LinkError(messageOf(error)));
    }
  }

  private async exchange(database: string, command: Doc, timeoutMs: number, connected = false): Promise<Doc> {
    const body = await this.send({ ...command, $db: database }, timeoutMs, connected);
    if (readNumber(body, 'ok') === 1) return body;
    throw new RemoteError(readNumber(body, 'code'), readString(body, 'errmsg') ?? 'the command failed');
  }

  private send(body: Doc, timeoutMs: number, connected: boolean): Promise<Doc> {
    return new Promise((resolve, reject) => {
      const { socket } = this;
      if (socket === undefined) {
        reject(new LinkError(`Error connecting to ${this.host} :: caused by :: Connection closed by peer`));
        return;
      }
      const { frame, id } = writeCommand(body);
      const timer = setTimeout(
        () => {
          this.waiting.delete(id);
          const error = new LinkError(connected ? describeTimeout(this.host, id, body) : noTime);
          reject(error);
          if (this.socket === socket) this.fail(error);
        },
        Math.max(1, timeoutMs),
      );
      this.waiting.set(id, { resolve, reject, timer });
      socket.write(frame);
    });
  }

  private async authenticate(deadline: number): Promise<void> {
    if (this.keys.length === 0) return;
    let refused: unknown;
    for (const key of this.keys) {
      try {
        await this.prove(key, deadline);
        return;
      } catch (error) {
        if (!(error instanceof RemoteError)) throw error;
        refused = error;
      }
    }
    throw new LinkAuthError(refused instanceof Error ? refused.message : 'Authentication failed.');
  }

  private async prove(key: string, deadline: number): Promise<void> {
    const conversation = new ClientConversation('__system', key);
    const left = (): number => deadline - Date.now();
    const payload = (bytes: Buffer): Binary => new Binary(bytes);
    const start = await this.exchange(
      'local',
      {
        saslStart: 1,
        mechanism: 'SCRAM-SHA-256',
        payload: payload(conversation.first),
        options: { skipEmptyExchange: true },
      },
      left(),
    );
    const challenge = readBytes(start, 'payload') ?? Buffer.alloc(0);
    const final = await this.exchange(
      'local',
      {
        saslContinue: 1,
        conversationId: readNumber(start, 'conversationId') ?? 1,
        payload: payload(await conversation.prove(challenge)),
      },
      left(),
    );
    if (!conversation.accepts(readBytes(final, 'payload') ?? Buffer.alloc(0))) {
      throw new LinkAuthError('Authentication failed.');
    }
    if (final['done'] !== true) {
      await this.exchange(
        'local',
        { saslContinue: 1, conversationId: 1, payload: payload(Buffer.alloc(0)) },
        left(),
      );
    }
  }

  private fail(error: Error): void {
    const { socket } = this;
    this.socket = undefined;
    this.ready = undefined;
    socket?.destroy();
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.waiting.clear();
  }
}
