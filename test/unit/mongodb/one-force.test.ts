import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../../src');

test('one place in the sources forces a configuration or anything else of mongod, and it takes a warrant (S4)', () => {
  const sources = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const forcing = sources.filter((name) => {
    const text = readFileSync(join(ROOT, name), 'utf8');
    return /force: true/.test(text) && /replSet|session\.ask/.test(text);
  });
  expect(sources.length).toBeGreaterThan(200);
  expect(forcing).toEqual(['mongodb/force-reconfig.ts']);
  const text = readFileSync(join(ROOT, 'mongodb/force-reconfig.ts'), 'utf8');
  expect(text.match(/force: true/g)).toHaveLength(1);
  expect(text).toMatch(/export async function forceReconfig\(\s*step: ForceStep,\s*warrant: ForceWarrant,/);
});
