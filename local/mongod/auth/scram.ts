import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { saslprep } from '@mongodb-js/saslprep';
import type { Doc } from '../doc';
import { readNumber, readString } from '../doc';

const derive = promisify(pbkdf2);

export type Mechanism = 'SCRAM-SHA-1' | 'SCRAM-SHA-256';

export const mechanisms: readonly Mechanism[] = ['SCRAM-SHA-1', 'SCRAM-SHA-256'];

export const isMechanism = (text: unknown): text is Mechanism => mechanisms.some((known) => known === text);

/** What a server keeps of a password (RFC 5802): salt and keys in base64. */
export interface Credential {
  readonly iterationCount: number;
  readonly salt: string;
  readonly storedKey: string;
  readonly serverKey: string;
}

export class ScramError extends Error {}

const hashes: Record<
  Mechanism,
  { hash: 'sha1' | 'sha256'; bytes: number; iterations: number; salt: number }
> = {
  'SCRAM-SHA-1': { hash: 'sha1', bytes: 20, iterations: 10_000, salt: 16 },
  'SCRAM-SHA-256': { hash: 'sha256', bytes: 32, iterations: 15_000, salt: 28 },
};

const digest = (mechanism: Mechanism, data: Buffer): Buffer =>
  createHash(hashes[mechanism].hash).update(data).digest();

const hmac = (mechanism: Mechanism, key: Buffer, text: string): Buffer =>
  createHmac(hashes[mechanism].hash, key).update(text).digest();

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));

/** RFC 4013, as drivers do it too. @throws ScramError for what it prohibits */
const prepareText = (password: string): string => {
  try {
    return saslprep(password);
  } catch {
    throw new ScramError('the password holds characters that SASLprep (RFC 4013) prohibits');
  }
};

/** The password as the mechanism wants it: MongoDB's md5 digest for SHA-1, prepared text for SHA-256. */
const preparePassword = (mechanism: Mechanism, user: string, password: string): string =>
  mechanism === 'SCRAM-SHA-1'
    ? createHash('md5').update(`${user}:mongo:${password}`).digest('hex')
    : prepareText(password);

const saltedPassword = (
  mechanism: Mechanism,
  user: string,
  password: string,
  salt: Buffer,
  iterations: number,
): Promise<Buffer> =>
  derive(
    preparePassword(mechanism, user, password),
    salt,
    iterations,
    hashes[mechanism].bytes,
    hashes[mechanism].hash,
  );

/** A fresh salt of the length a mechanism uses. */
export const makeSalt = (mechanism: Mechanism): Buffer => randomBytes(hashes[mechanism].salt);

/** Makes what the server keeps for a new password. */
export const makeCredential = async (
  mechanism: Mechanism,
  user: string,
  password: string,
  salt: Buffer = makeSalt(mechanism),
): Promise<Credential> => {
  const { iterations } = hashes[mechanism];
  const salted = await saltedPassword(mechanism, user, password, salt, iterations);
  return {
    iterationCount: iterations,
    salt: salt.toString('base64'),
    storedKey: digest(mechanism, hmac(mechanism, salted, 'Client Key')).toString('base64'),
    serverKey: hmac(mechanism, salted, 'Server Key').toString('base64'),
  };
};

/** Reads one mechanism's part of a user document's `credentials`; undefined if it is not whole. */
export const parseCredential = (doc: Doc): Credential | undefined => {
  const iterationCount = readNumber(doc, 'iterationCount');
  const salt = readString(doc, 'salt');
  const storedKey = readString(doc, 'storedKey');
  const serverKey = readString(doc, 'serverKey');
  if (
    iterationCount === undefined ||
    salt === undefined ||
    storedKey === undefined ||
    serverKey === undefined
  ) {
    return undefined;
  }
  return { iterationCount, salt, storedKey, serverKey };
};

const parseAttributes = (message: string): Map<string, string> =>
  new Map(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)] as const));

const demand = (attributes: Map<string, string>, name: string): string => {
  const value = attributes.get(name);
  if (value === undefined || value === '') throw new ScramError(`SCRAM message without ${name}`);
  return value;
};

const nonce = (): string => randomBytes(24).toString('base64');

/** First client message: `n,,n=<user>,r=<nonce>`. */
export interface ClientFirst {
  readonly user: string;
  readonly nonce: string;
  readonly bare: string;
}

/** @throws ScramError on a malformed message. */
export const parseClientFirst = (payload: Buffer): ClientFirst => {
  const text = payload.toString('utf8');
  if (!text.startsWith('n,') && !text.startsWith('y,'))
    throw new ScramError('channel binding is not offered');
  const bare = text.split(',').slice(2).join(',');
  const attributes = parseAttributes(bare);
  const user = demand(attributes, 'n').replaceAll('=2C', ',').replaceAll('=3D', '=');
  return { user, nonce: demand(attributes, 'r'), bare };
};

/** The server's half of one conversation. */
export class ServerConversation {
  readonly challenge: Buffer;
  private readonly nonce: string;
  private readonly authPrefix: string;

  constructor(
    private readonly mechanism: Mechanism,
    private readonly credential: Credential,
    private readonly first: ClientFirst,
    serverNonce: string = nonce(),
  ) {
    this.nonce = first.nonce + serverNonce;
    const challenge = `r=${this.nonce},s=${credential.salt},i=${credential.iterationCount}`;
    this.challenge = Buffer.from(challenge);
    this.authPrefix = `${first.bare},${challenge}`;
  }

  /** The same challenge for another password that has the same salt (a keyfile with several keys, S23). */
  withCredential(credential: Credential): ServerConversation {
    return new ServerConversation(
      this.mechanism,
      credential,
      this.first,
      this.nonce.slice(this.first.nonce.length),
    );
  }

  /** Checks the client's proof; gives the server's signature message, or undefined when the proof is wrong. */
  verify(payload: Buffer): Buffer | undefined {
    const text = payload.toString('utf8');
    const attributes = parseAttributes(text);
    if (attributes.get('r') !== this.nonce) return undefined;
    const proof = Buffer.from(attributes.get('p') ?? '', 'base64');
    const withoutProof = text.slice(0, text.lastIndexOf(',p='));
    const message = `${this.authPrefix},${withoutProof}`;
    const storedKey = Buffer.from(this.credential.storedKey, 'base64');
    const signature = hmac(this.mechanism, storedKey, message);
    if (proof.length !== signature.length) return undefined;
    const clientKey = xor(proof, signature);
    if (!timingSafeEqual(digest(this.mechanism, clientKey), storedKey)) return undefined;
    const serverKey = Buffer.from(this.credential.serverKey, 'base64');
    return Buffer.from(`v=${hmac(this.mechanism, serverKey, message).toString('base64')}`);
  }
}

const saltedCache = new Map<string, Buffer>();

/** The client's half, as members use it with each other. */
export class ClientConversation {
  readonly first: Buffer;
  private readonly bare: string;
  private readonly nonce = nonce();
  private expected = '';

  constructor(
    private readonly user: string,
    private readonly password: string,
    private readonly mechanism: Mechanism = 'SCRAM-SHA-256',
  ) {
    this.bare = `n=${user},r=${this.nonce}`;
    this.first = Buffer.from(`n,,${this.bare}`);
  }

  /** Answers the server's challenge. @throws ScramError when it is not an answer to our nonce. */
  async prove(challenge: Buffer): Promise<Buffer> {
    const { mechanism } = this;
    const text = challenge.toString('utf8');
    const attributes = parseAttributes(text);
    const serverNonce = demand(attributes, 'r');
    if (!serverNonce.startsWith(this.nonce)) throw new ScramError('the server answered with another nonce');
    const salt = demand(attributes, 's');
    const iterations = Number(demand(attributes, 'i'));
    const cacheKey = `${mechanism}/${salt}/${iterations}/${this.password}`;
    const salted =
      saltedCache.get(cacheKey) ??
      (await saltedPassword(mechanism, this.user, this.password, Buffer.from(salt, 'base64'), iterations));
    if (saltedCache.size > 64) saltedCache.clear();
    saltedCache.set(cacheKey, salted);
    const clientKey = hmac(mechanism, salted, 'Client Key');
    const withoutProof = `c=biws,r=${serverNonce}`;
    const message = `${this.bare},${text},${withoutProof}`;
    const proof = xor(clientKey, hmac(mechanism, digest(mechanism, clientKey), message));
    this.expected = `v=${hmac(mechanism, hmac(mechanism, salted, 'Server Key'), message).toString('base64')}`;
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  }

  /** True when the server has proved that it knows the key as well. */
  accepts(final: Buffer): boolean {
    return final.toString('utf8') === this.expected;
  }
}
