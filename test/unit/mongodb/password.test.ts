import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { buildExporterSecret } from '../../../src/member/build/exporter';
import { buildConnectionString } from '../../../src/mongodb/connection-string';
import { findPasswordFault } from '../../../src/mongodb/password';
import { sampleInstance } from '../member/sample-instance';

const shown = (passwords: readonly string[]) =>
  passwords.map((password) => ({ password, shown: JSON.stringify(password).slice(0, 40) }));

const SOUND = [
  ...[
    'x',
    'p@:/%?#"\\',
    "it's",
    '`$(id)`',
    ' lead and trail ',
    '%00%2F',
    'a&b=c;d',
    '{"a": 1}',
    'a'.repeat(1024),
  ],
  ...['\u00e9', 'e\u0301', '日本語', '€', '𝕏', 'שלום', 'a\u00a0b', 'pass\u00adword', '𝕏'.repeat(1024)],
];

test.each(shown(SOUND))('$shown is sound, and comes back from a URI as it is', ({ password }) => {
  expect(findPasswordFault(password)).toBeUndefined();
  const uri = buildConnectionString({
    hosts: ['[fd00::1]:31000'],
    setName: 'rs',
    user: { name: 'root', password },
  });
  expect(new MongoClient(uri).options.credentials?.password).toBe(password);
  const { uri: encoded } = buildExporterSecret(sampleInstance(), password)['data'] as Record<string, string>;
  const exporter = Buffer.from(encoded ?? '', 'base64').toString('utf8');
  expect(new MongoClient(exporter).options.credentials?.password).toBe(password);
});

test.each([
  ['', /empty: give/],
  ['x\n', /ends with a line break.*--from-literal/],
  ['x\r\n', /ends with a line break/],
  ['a\nb', /line breaks and other control characters.*choose others/],
  ['a\tb', /RFC 4013/],
  ['\u0000', /RFC 4013/],
  ['😀', /newer than Unicode 3\.2/],
  ['אa', /both writing directions/],
  ['\u00ad', /RFC 4013/],
  ['\ud800', /RFC 4013/],
  ['x'.repeat(1025), /more than 1024 characters: shorten it/],
] as const)('%# cannot be used, and is told why without being quoted', (password, why) => {
  const fault = findPasswordFault(password);
  expect(fault).toMatch(why);
  if (password.trim().length > 3) expect(fault).not.toContain(password);
});

test('whatever the text, it is judged and never thrown at', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (password) => {
      expect(['string', 'undefined']).toContain(typeof findPasswordFault(password));
    }),
  );
});
