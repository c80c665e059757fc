import { Binary } from 'bson';
import { findUser, isSystem } from '../auth/authorization';
import {
  type ClientFirst,
  type Credential,
  type Mechanism,
  ScramError,
  ServerConversation,
  isMechanism,
  parseClientFirst,
  parseCredential,
} from '../auth/scram';
import { type Doc, readBytes, readDoc, readNumber, readString } from '../doc';
import { CommandError } from '../error';
import type { Context, Conversation, Principal, ServerCore } from '../server/context';
import { type Command, define, loggedIn, ok, open } from './command';

const failed = (): CommandError => new CommandError(18, 'Authentication failed.');

const credentialsOf = (core: ServerCore, principal: Principal, mechanism: Mechanism): Credential[] => {
  if (isSystem(principal)) return core.systemCredentials.map((set) => set[mechanism]);
  const credentials = readDoc(findUser(core, principal) ?? {}, 'credentials') ?? {};
  const credential = parseCredential(readDoc(credentials, mechanism) ?? {});
  return credential === undefined ? [] : [credential];
};

const parseFirst = (payload: Buffer): ClientFirst => {
  try {
    return parseClientFirst(payload);
  } catch (error) {
    if (error instanceof ScramError) throw failed();
    throw error;
  }
};

const logFailure = ({ core, connection }: Context, principal: Principal, mechanism: string): void =>
  core.log('ACCESS', 'Authentication failed', {
    mechanism,
    principalName: principal.user,
    authenticationDatabase: principal.database,
    remote: connection.remote,
  });

/** First step of a SCRAM conversation. @throws CommandError 2 on another mechanism, 18 for an unknown user. */
export const startSasl = (context: Context): Doc => {
  const { core, command, connection, database } = context;
  const mechanism = command['mechanism'];
  if (!isMechanism(mechanism)) {
    throw new CommandError(
      2,
      `Unsupported mechanism '${readString(command, 'mechanism') ?? ''}' on authentication database '${database}'`,
    );
  }
  const first = parseFirst(readBytes(command, 'payload') ?? Buffer.alloc(0));
  const principal: Principal = { user: first.user, database };
  const credentials = credentialsOf(core, principal, mechanism);
  const [main] = credentials;
  if (main === undefined) {
    logFailure(context, principal, mechanism);
    throw failed();
  }
  // While the keyfile holds two keys the client's choice is not known yet: both share one salt, so one challenge serves both.
  const attempt = new ServerConversation(mechanism, main, first);
  const attempts = [attempt, ...credentials.slice(1).map((credential) => attempt.withCredential(credential))];
  const skipEmptyExchange = readDoc(command, 'options')?.['skipEmptyExchange'] === true;
  connection.conversation = { id: 1, principal, attempts, skipEmptyExchange, proved: false };
  return ok({ conversationId: 1, done: false, payload: new Binary(attempt.challenge) });
};

const finish = (context: Context, conversation: Conversation): void => {
  const { connection, core } = context;
  const { principal } = conversation;
  connection.principals = [
    ...connection.principals.filter(
      (known) => known.database !== principal.database || known.user !== principal.user,
    ),
    principal,
  ];
  connection.conversation = undefined;
  if (isSystem(principal)) return;
  core.log('ACCESS', 'Successful authentication', {
    principalName: principal.user,
    remote: connection.remote,
  });
};

const continueSasl = (context: Context): Doc => {
  const { command, connection } = context;
  const { conversation } = connection;
  if (conversation === undefined) throw new CommandError(17, 'No SASL session state found');
  if (readNumber(command, 'conversationId') !== conversation.id) {
    connection.conversation = undefined;
    throw new CommandError(17, 'sasl: Mismatched conversation id');
  }
  if (conversation.proved) {
    finish(context, conversation);
    return ok({ conversationId: conversation.id, done: true, payload: new Binary(Buffer.alloc(0)) });
  }
  const proof = readBytes(command, 'payload') ?? Buffer.alloc(0);
  const signature = conversation.attempts
    .map((attempt) => attempt.verify(proof))
    .find((answer) => answer !== undefined);
  if (signature === undefined) {
    connection.conversation = undefined;
    logFailure(context, conversation.principal, 'SCRAM');
    throw failed();
  }
  conversation.proved = true;
  const done = conversation.skipEmptyExchange;
  if (done) finish(context, conversation);
  return ok({ conversationId: conversation.id, done, payload: new Binary(signature) });
};

const refuseX509 = ({ command }: Context): never => {
  throw new CommandError(2, `Unsupported mechanism: ${readString(command, 'mechanism') ?? ''}`);
};

const logOut = ({ connection, database }: Context): Doc => {
  connection.principals = connection.principals.filter((principal) => principal.database !== database);
  return ok();
};

export const saslCommands: Command[] = [
  define('saslStart', open, startSasl),
  define('saslContinue', open, continueSasl),
  define('authenticate', open, refuseX509),
  define('logout', loggedIn, logOut),
];
