import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { createClient } from '../../../src/mongodb/connect';
import { buildConnectionString } from '../../../src/mongodb/connection-string';
import { authOptions } from '../../../src/mongodb/credentials';
import { kindThrownBy } from './goldens';

describe('connection strings', () => {
  test('any user and password come back as they were when the driver reads the URI', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.string({ unit: 'grapheme', minLength: 1 }),
        (name, password) => {
          const uri = buildConnectionString({
            hosts: ['h1:1', '[fd00::1]:2'],
            setName: 'rs0',
            user: { name, password },
          });
          const { credentials, replicaSet, hosts } = new MongoClient(uri).options;
          expect(credentials?.username).toBe(name);
          expect(credentials?.password).toBe(password);
          expect(credentials?.source).toBe('admin');
          expect(replicaSet).toBe('rs0');
          expect(hosts).toHaveLength(2);
        },
      ),
    );
  });

  test('the one for status names the members and no secret', () => {
    expect(buildConnectionString({ hosts: ['h1:1', 'h2:2'], setName: 'rs0', tls: true })).toBe(
      'mongodb://h1:1,h2:2/?replicaSet=rs0&authSource=admin&heartbeatFrequencyMS=5000&connectTimeoutMS=5000&tls=true',
    );
  });

  test('a driver that is given it finds out within 10 s that a server is silent', () => {
    const uri = buildConnectionString({ hosts: ['h1:1'], setName: 'rs0' });
    const { heartbeatFrequencyMS, connectTimeoutMS } = new MongoClient(uri).options;
    expect(heartbeatFrequencyMS + connectTimeoutMS).toBe(10_000);
  });
});

describe('a direct connection to one member', () => {
  test('the keyfile signs in as __system on local, without its line breaks', () => {
    expect(authOptions({ kind: 'keyfile', key: 'abcd\nefgh\n' })).toEqual({
      auth: { username: '__system', password: 'abcdefgh' },
      authMechanism: 'SCRAM-SHA-256',
      authSource: 'local',
    });
  });

  test('is direct, bounded in time, and takes any password as a value', () => {
    const password = 'p@:/?#[]%&+ "\'\\$`';
    const { options } = createClient('h:27017', {
      credentials: { kind: 'user', username: 'root', password },
    });
    expect(options).toMatchObject({
      directConnection: true,
      serverSelectionTimeoutMS: 5_000,
      connectTimeoutMS: 5_000,
      socketTimeoutMS: 10_000,
    });
    expect(options.credentials?.password).toBe(password);
  });

  test('goes to an IPv6 address in brackets', () => {
    const { hosts } = createClient('[fd00::1]:31000', { credentials: { kind: 'none' } }).options;
    expect(hosts.map(String)).toEqual(['[fd00::1]:31000']);
  });

  test.each(['h', 'u:p@h:1', 'h:1,g:1', 'h:1/?tls=true', '', '::1:31000', '[::1]', '[h]:1', 'h:65536'])(
    '"%s" is no member address',
    (host) => {
      expect(kindThrownBy(() => createClient(host, { credentials: { kind: 'none' } }))).toBe('InvalidSpec');
    },
  );
});
