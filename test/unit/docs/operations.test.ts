import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONDITIONS } from '../../../src/domain/instance';

const ROOT = join(__dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const operations = read('docs/operations.md');

/** Words that a regular expression finds in sources, each once. */
function wordsIn(paths: readonly string[], pattern: RegExp): string[] {
  const found = paths.flatMap((path) => [...read(path).matchAll(pattern)].map((match) => match[1] ?? ''));
  return [...new Set(found)].sort();
}
const sourcesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));

test('every wait reason has a section that says what to do', () => {
  const union = /type WaitCode =([^;]+);/.exec(read('src/domain/instance.ts'))?.[1] ?? '';
  const codes = [...union.matchAll(/'(\w+)'/g)].map((match) => match[1] ?? '');
  expect(codes.length).toBeGreaterThan(10);
  for (const code of codes) expect(operations).toContain(`### ${code}\n`);
});

test('every condition of a MultiCloudMongoDB has a row', () => {
  for (const type of Object.values(CONDITIONS)) expect(operations).toContain(`| \`${type}\``);
});

test('every reason and Event of the member manager is explained', () => {
  const words = [
    ...wordsIn(sourcesIn('src/member'), /(?:wait|refuse)\(\s*'([A-Z]\w+)'/g),
    ...wordsIn(['src/member/status.ts'], /reason: '([A-Z]\w+)'/g).filter(
      (word) => word !== 'Running' && word !== 'None',
    ),
    ...wordsIn(sourcesIn('src/member'), /'(?:Normal|Warning)',\s*'([A-Z]\w+)'/g),
  ];
  expect(words.length).toBeGreaterThan(15);
  for (const word of words) expect(operations).toContain(`\`${word}\``);
});

test('every Event of the control plane is explained', () => {
  const words = wordsIn(
    [...sourcesIn('src/activities'), ...sourcesIn('src/triggers')],
    /type: '(?:Normal|Warning)',\s*reason: '([A-Z]\w+)'/g,
  );
  expect(words.length).toBeGreaterThan(2);
  for (const word of words) expect(operations).toContain(`\`${word}\``);
});

test('every metric and every setting has a row', () => {
  const metrics = wordsIn(sourcesIn('src'), /name: '(fedstate_\w+)'/g);
  const settings = wordsIn(['src/config.ts'], /^ {2}([A-Z][A-Z_]+): /gm).filter(
    // Set by the Deployment from the pod itself, not by people.
    (name) => !name.startsWith('POD_'),
  );
  expect(metrics.length).toBeGreaterThan(3);
  expect(settings.length).toBeGreaterThan(8);
  for (const word of [...metrics, ...settings]) expect(operations).toContain(`\`${word}`);
});
