import { MongoNetworkError, MongoServerError } from 'mongodb';
import { FedStateError } from '../../../src/domain/errors';
import { replyError, translateError } from '../../../src/mongodb/error';
import { readGoldens } from './goldens';

const goldens = readGoldens();

describe('errors of the driver in the words of the project', () => {
  test.each([
    ['notPrimary', 'NotPrimary'],
    ['unauthorizedCreateUser', 'Unauthorized'],
    ['noCaughtUp', 'NotReady'],
    ['electionFailed', 'NotReady'],
    ['quorum', 'NotReady'],
    ['timeExpired', 'NotReady'],
    ['incompatible', 'Refused'],
    ['userExists', 'Refused'],
    ['already', 'Refused'],
  ])('%s is %s, with code and name as facts', (name, kind) => {
    const { code, codeName, message } = goldens.error(name);
    const translated = translateError(
      new MongoServerError({ code, codeName, errmsg: message }),
      'h:1',
      'act',
    );
    expect(translated).toMatchObject({ kind, facts: { host: 'h:1', action: 'act', code, codeName } });
  });

  test('a quoted command never comes through: it may hold a password', () => {
    const quoted = 'not authorized on admin to execute command { createUser: "zz", pwd: "hunter2" }';
    const translated = translateError(
      new MongoServerError({ code: 13, errmsg: quoted }),
      'h:1',
      'createUser',
    );
    expect(translated).toBeInstanceOf(FedStateError);
    expect(JSON.stringify(translated) + String(translated)).not.toContain('hunter2');
    expect(translated instanceof Error ? translated.cause : 'no error').toBeUndefined();
  });

  test('a write that a majority did not acknowledge is NotReady', () => {
    const answer = { code: 64, codeName: 'WriteConcernFailed', errmsg: 'waiting for replication timed out' };
    expect(replyError('h:1', 'createUser', answer).kind).toBe('NotReady');
  });

  test('a broken line is Unreachable; what is no driver error stays what it is', () => {
    expect(translateError(new MongoNetworkError('read ECONNRESET'), 'h:1', 'ping')).toMatchObject({
      kind: 'Unreachable',
      facts: { host: 'h:1' },
    });
    const bug = new TypeError('x is undefined');
    expect(translateError(bug, 'h:1', 'ping')).toBe(bug);
  });
});
