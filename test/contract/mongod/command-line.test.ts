import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEngine } from './support/engine';
import { KEY, TestSet } from './support/test-set';

/** What mongod does not start with, and how it says so; keyfiles and their rotation (S23). */
jest.setTimeout(180_000);

const engine = findEngine();
const set = new TestSet();
const folder = mkdtempSync(join(tmpdir(), 'mongod-flags-'));
const dbPath = join(folder, 'data');
mkdirSync(dbPath);

afterAll(async () => {
  await set.end();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: string[]): { status: number | null; text: string } => {
  const [program = '', ...before] = engine.command;
  const { status, stdout, stderr } = spawnSync(program, [...before, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, text: stdout + stderr };
};

const file = (name: string, text: string, mode = 0o400): string => {
  const path = join(folder, name);
  rmSync(path, { force: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};

const withKey = (path: string): string[] => [
  '--dbpath',
  dbPath,
  '--bind_ip',
  set.address(9),
  '--port',
  '27017',
  '--keyFile',
  path,
];

test('a parameter that came with 4.4 is none of 4.2', () => {
  const { status, text } = run(
    ...['--dbpath', dbPath, '--setParameter', 'oplogNetworkTimeoutBufferSeconds=3'],
  );
  expect(status).not.toBe(0);
  expect(text).toContain('Illegal --setParameter parameter: "oplogNetworkTimeoutBufferSeconds"');
});

test('tells its version, and that it is a stand-in', () => {
  const { status, text } = run('--version');
  expect(status).toBe(0);
  expect(text).toMatch(/^db version v\d+\.\d+\.\d+/);
  expect(text.includes('standIn: fedstate')).toBe(engine.name === 'stand-in');
});

test.each([
  [
    'an unknown key in the file',
    file('bad.yaml', 'storage: {dbPath: /x}\nbogus: 1\n'),
    /Unrecognized option: bogus/,
  ],
  ['a file that is not there', join(folder, 'none.yaml'), /Error (opening|reading) config file/],
])('refuses %s with exit code 2', (_, path, message) => {
  const { status, text } = run('--config', path);
  expect(status).toBe(2);
  expect(text).toMatch(message);
});

test('refuses an unknown flag with exit code 2', () => {
  const { status, text } = run('--bogus', '1');
  expect(status).toBe(2);
  expect(text).toContain('bogus');
});

test.each([
  ['readable by the group', file('open-key', KEY, 0o440), /permissions on .*open-key are too open/],
  [
    'too short',
    file('short-key', 'abc12'),
    /security key in .*short-key has length 5, must be between 6 and 1024 chars/,
  ],
  ['too long', file('long-key', 'a'.repeat(1025)), /has length 1025, must be between 6 and 1024 chars/],
  ['with bad characters', file('bad-key', 'abcdef!ghi'), /invalid char in key file .*bad-key: !/],
  ['empty', file('empty-key', ''), /has length 0, must be between 6 and 1024 chars/],
  ['not there', join(folder, 'no-key'), /Error reading file .*no-key: .*no such file or directory/i],
])('refuses a keyfile that is %s with exit code 1', (_, path, message) => {
  const { status, text } = run(...withKey(path));
  expect(text).toMatch(message);
  expect(status).toBe(1);
});

test('refuses a data folder that a live process holds', async () => {
  const member = set.member(1);
  await member.start();
  const { status, text } = run('--dbpath', member.dbPath, '--bind_ip', set.address(9), '--port', '27017');
  expect(status).not.toBe(0);
  expect(text).toMatch(/mongod\.lock/);
  expect(await member.stop('SIGTERM')).toBe(0);
});

test('during rotation a member with both keys works with those that have the old one and the new one (S23)', async () => {
  const next = 'qrstuvwxyz012345';
  const old = set.member(2);
  const both = set.member(3, { key: `- ${KEY}\n- ${next}\n` });
  await set.start(old, both);
  for (const key of [KEY, next]) (await both.as('__system', key, 'local')).close();
  await expect(both.as('__system', 'something-else', 'local')).rejects.toThrow('18 Authentication failed.');
  await set.initiate([old], [{ _id: 0, host: old.host }]);
  const config = {
    _id: 'rs0',
    version: 2,
    protocolVersion: 1,
    members: [
      { _id: 0, host: old.host },
      { _id: 1, host: both.host, votes: 0, priority: 0 },
    ],
  };
  expect(await old.ask({ replSetReconfig: config })).toMatchObject({ ok: 1 });
  const client = await both.as('__system', KEY, 'local');
  for (let hello = await client.run({ isMaster: 1, $db: 'admin' }); hello['secondary'] !== true;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    hello = await client.run({ isMaster: 1, $db: 'admin' });
  }
  client.close();
});
