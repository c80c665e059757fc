import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preparePod } from '../../../src/member/prepare';

let dir: string;
const at = (name: string): string => join(dir, name);
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fedstate-prepare-'));
  mkdirSync(at('db'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('copies the keyfile so that only its owner reads it, again after a restart', () => {
  writeFileSync(at('source'), 'abcDEF123+/=\n', { mode: 0o440 });
  preparePod(at('source'), at('keyfile'), at('db'));
  preparePod(at('source'), at('keyfile'), at('db'));
  expect(statSync(at('keyfile')).mode & 0o777).toBe(0o400);
  expect(readFileSync(at('keyfile'), 'utf8')).toBe('abcDEF123+/=\n');
});

test('takes two keys while they are changed', () => {
  writeFileSync(at('source'), '- "abcdef"\n- ghijkl\n');
  preparePod(at('source'), at('keyfile'), at('db'));
  expect(readFileSync(at('keyfile'), 'utf8')).toContain('ghijkl');
});

test.each(['short', 'with-dash!', '', 'a'.repeat(1025), '- abcdef\n- bad!key\n'])(
  'refuses the keyfile %j',
  (text) => {
    writeFileSync(at('source'), text);
    expect(() => preparePod(at('source'), at('keyfile'), at('db'))).toThrow(
      /6 to 1024 base64 characters.*credentials Secret/,
    );
  },
);

test('names the data folder that cannot be written, and the remedy', () => {
  writeFileSync(at('source'), 'abcdef');
  expect(() => preparePod(at('source'), at('keyfile'), at('missing'))).toThrow(
    /missing cannot be written by uid \d+: set podSpec\.securityContext\.fsGroup/,
  );
});
