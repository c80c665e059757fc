import { type Doc, decodeDoc, encodeDoc } from '../doc';

const opReply = 1;
const opQuery = 2004;
const opMsg = 2013;
const checksumPresent = 1;
const moreToCome = 2;
const exhaustAllowed = 1 << 16;
const headerLength = 16;

/** Largest message that is accepted, bytes (maxMessageSizeBytes). */
export const maxMessageBytes = 48_000_000;

/** A request as it came over the wire. */
export interface Request {
  readonly requestId: number;
  readonly body: Doc;
  /** Database of the command. */
  readonly database: string;
  /** OP_QUERY wants an OP_REPLY; OP_MSG an OP_MSG. */
  readonly legacy: boolean;
  /** The client waits for no answer. */
  readonly silent: boolean;
  /** The client takes several replies to this one request. */
  readonly streaming: boolean;
}

/** A reply as a member link reads it. */
export interface Reply {
  readonly responseTo: number;
  readonly body: Doc;
}

export class WireError extends Error {}

const readCString = (bytes: Buffer, from: number): { text: string; next: number } => {
  const end = bytes.indexOf(0, from);
  if (end < 0) throw new WireError('string without an end in a message');
  return { text: bytes.toString('utf8', from, end), next: end + 1 };
};

const readDocument = (bytes: Buffer, from: number): { doc: Doc; next: number } => {
  const length = bytes.readInt32LE(from);
  if (length < 5 || from + length > bytes.length) throw new WireError('document longer than its message');
  return { doc: decodeDoc(bytes.subarray(from, from + length)), next: from + length };
};

const readSequence = (bytes: Buffer, from: number): { field: string; docs: Doc[]; next: number } => {
  const end = from + bytes.readInt32LE(from);
  if (end > bytes.length) throw new WireError('document sequence longer than its message');
  const name = readCString(bytes, from + 4);
  const docs: Doc[] = [];
  let at = name.next;
  while (at < end) {
    const read = readDocument(bytes, at);
    docs.push(read.doc);
    at = read.next;
  }
  return { field: name.text, docs, next: end };
};

const readSections = (bytes: Buffer, end: number): Doc => {
  let body: Doc | undefined;
  const sequences: Doc = {};
  let at = headerLength + 4;
  while (at < end) {
    const kind = bytes[at];
    if (kind === 0) {
      const read = readDocument(bytes, at + 1);
      body = read.doc;
      at = read.next;
    } else if (kind === 1) {
      const read = readSequence(bytes, at + 1);
      sequences[read.field] = read.docs;
      at = read.next;
    } else throw new WireError(`unknown section kind ${String(kind)} in OP_MSG`);
  }
  if (body === undefined) throw new WireError('OP_MSG without a body');
  return { ...body, ...sequences };
};

const sectionsEnd = (bytes: Buffer): number =>
  (bytes.readUInt32LE(headerLength) & checksumPresent) === 0 ? bytes.length : bytes.length - 4;

const databaseOf = (body: Doc): string => {
  const database = body['$db'];
  if (typeof database !== 'string') throw new WireError('OP_MSG requests require a $db argument');
  return database;
};

/**
 * Reads one request frame: OP_MSG, or OP_QUERY on `<db>.$cmd` (the first handshake of drivers).
 * @throws WireError on any other opcode or a malformed frame.
 */
export const parseRequest = (bytes: Buffer): Request => {
  const requestId = bytes.readInt32LE(4);
  const opcode = bytes.readInt32LE(12);
  if (opcode === opMsg) {
    const flags = bytes.readUInt32LE(headerLength);
    const body = readSections(bytes, sectionsEnd(bytes));
    return {
      requestId,
      body,
      database: databaseOf(body),
      legacy: false,
      silent: (flags & moreToCome) !== 0,
      streaming: (flags & exhaustAllowed) !== 0,
    };
  }
  if (opcode !== opQuery) throw new WireError(`opcode ${opcode} is not spoken here`);
  const namespace = readCString(bytes, headerLength + 4);
  if (!namespace.text.endsWith('.$cmd')) throw new WireError('OP_QUERY is accepted for commands only');
  const { doc } = readDocument(bytes, namespace.next + 8);
  const inner = doc['$query'];
  const body = typeof inner === 'object' && inner !== null ? { ...inner } : doc;
  const database = namespace.text.slice(0, -'.$cmd'.length);
  return { requestId, body, database, legacy: true, silent: false, streaming: false };
};

/** Reads one reply frame (OP_MSG only: members speak nothing older to each other). */
export const parseReply = (bytes: Buffer): Reply => {
  if (bytes.readInt32LE(12) !== opMsg) throw new WireError('a member answered in another protocol');
  return { responseTo: bytes.readInt32LE(8), body: readSections(bytes, sectionsEnd(bytes)) };
};

let lastRequestId = 0;
const nextRequestId = (): number => (lastRequestId = (lastRequestId % 0x7fffffff) + 1);

const writeHeader = (frame: Buffer, requestId: number, responseTo: number, opcode: number): void => {
  frame.writeInt32LE(frame.length, 0);
  frame.writeInt32LE(requestId, 4);
  frame.writeInt32LE(responseTo, 8);
  frame.writeInt32LE(opcode, 12);
};

const writeMsg = (body: Doc, requestId: number, responseTo: number, flags: number): Buffer => {
  const payload = encodeDoc(body);
  const frame = Buffer.allocUnsafe(headerLength + 5 + payload.length);
  writeHeader(frame, requestId, responseTo, opMsg);
  frame.writeUInt32LE(flags, headerLength);
  frame[headerLength + 4] = 0;
  frame.set(payload, headerLength + 5);
  return frame;
};

const writeLegacyReply = (body: Doc, responseTo: number): Buffer => {
  const payload = encodeDoc(body);
  const frame = Buffer.alloc(headerLength + 20 + payload.length);
  writeHeader(frame, nextRequestId(), responseTo, opReply);
  frame.writeInt32LE(8, headerLength);
  frame.writeInt32LE(1, headerLength + 16);
  frame.set(payload, headerLength + 20);
  return frame;
};

/** The frame that answers a request. `more`: another reply to the same request follows; `responseTo` is then the last reply's id. */
export const writeReply = (
  request: Request,
  body: Doc,
  more: boolean,
  responseTo: number,
): { frame: Buffer; id: number } => {
  if (request.legacy) return { frame: writeLegacyReply(body, responseTo), id: 0 };
  const id = nextRequestId();
  return { frame: writeMsg(body, id, responseTo, more ? moreToCome : 0), id };
};

/** The frame of a command sent to another member. */
export const writeCommand = (body: Doc): { frame: Buffer; id: number } => {
  const id = nextRequestId();
  return { frame: writeMsg(body, id, 0, 0), id };
};
