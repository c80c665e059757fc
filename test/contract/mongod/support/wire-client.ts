import { type Socket, connect } from 'node:net';
import { Binary, type Document, EJSON, deserialize, serialize } from 'bson';
import { ClientConversation } from '../../../../local/mongod/auth/scram';

/** A reply in canonical extended JSON, so that BSON types and field order can be compared. */
export type Canonical = Record<string, unknown>;

/** Longer than the longest quorum check. */
const answerMs = 60_000;

let lastId = 0;

const frameOf = (body: Document, id: number): Buffer => {
  const payload = serialize(body);
  const frame = Buffer.alloc(21 + payload.length);
  frame.writeInt32LE(frame.length, 0);
  frame.writeInt32LE(id, 4);
  frame.writeInt32LE(2013, 12);
  frame.set(payload, 21);
  return frame;
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** One plain connection: sends exactly the command given (no session, no cluster time), gives exactly the reply. */
export class WireClient {
  private held = Buffer.alloc(0);
  private readonly waiting = new Map<number, (body: Buffer) => void>();

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', () => socket.destroy());
  }

  static open(host: string, port: number): Promise<WireClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new WireClient(socket)));
    });
  }

  private receive(chunk: Buffer): void {
    this.held = Buffer.concat([this.held, chunk]);
    while (this.held.length >= 4 && this.held.length >= this.held.readInt32LE(0)) {
      const length = this.held.readInt32LE(0);
      const frame = this.held.subarray(0, length);
      this.held = this.held.subarray(length);
      this.waiting.get(frame.readInt32LE(8))?.(Buffer.from(frame.subarray(21)));
      this.waiting.delete(frame.readInt32LE(8));
    }
  }

  get isOpen(): boolean {
    return !this.socket.destroyed && !this.socket.readableEnded;
  }

  private send(command: Document, timeoutMs: number): Promise<Buffer> {
    lastId += 1;
    const id = lastId;
    return new Promise((resolve, reject) => {
      if (!this.isOpen) {
        reject(new Error('connection closed by the server'));
        return;
      }
      const settle = (): void => {
        clearTimeout(timer);
        this.socket.off('close', onClose);
      };
      const onClose = (): void => {
        settle();
        reject(new Error('connection closed by the server'));
      };
      const timer = setTimeout(() => {
        settle();
        this.close();
        reject(new Error(`no answer in ${timeoutMs} ms`));
      }, timeoutMs);
      this.socket.once('close', onClose);
      this.waiting.set(id, (body) => {
        settle();
        resolve(body);
      });
      this.socket.write(frameOf(command, id));
    });
  }

  /** Runs a command given as a document. @throws Error when the connection ends or no answer comes in time. */
  async run(command: Document, timeoutMs = answerMs): Promise<Document> {
    return deserialize(await this.send(command, timeoutMs), { promoteBuffers: false });
  }

  /** Runs a command; the reply keeps its BSON types. */
  async exact(command: Document): Promise<Canonical> {
    const reply: unknown = EJSON.serialize(
      deserialize(await this.send(command, answerMs), { promoteValues: false }),
      {
        relaxed: false,
      },
    );
    return isRecord(reply) ? reply : {};
  }

  /** @throws Error when the server refuses the password. */
  async login(user: string, password: string, database: string): Promise<void> {
    const conversation = new ClientConversation(user, password);
    const start = {
      saslStart: 1,
      mechanism: 'SCRAM-SHA-256',
      payload: new Binary(conversation.first),
      $db: database,
    };
    const challenge = await this.saslStep(start);
    const proof = await conversation.prove(challenge);
    const next = { saslContinue: 1, conversationId: 1, $db: database };
    await this.saslStep({ ...next, payload: new Binary(proof) });
    await this.saslStep({ ...next, payload: new Binary(Buffer.alloc(0)) });
  }

  private async saslStep(command: Document): Promise<Buffer> {
    const reply: Record<string, unknown> = await this.run(command);
    const payload = reply['payload'];
    if (!(payload instanceof Binary)) throw new Error(`${String(reply['code'])} ${String(reply['errmsg'])}`);
    return Buffer.from(payload.buffer.subarray(0, payload.position));
  }

  close(): void {
    this.socket.destroy();
  }
}
