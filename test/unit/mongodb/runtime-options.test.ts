import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { mergeMongodConfig } from '../../../src/mongodb/mongod-config';
import {
  isToldAtRunTime,
  partConfig,
  recordConfig,
  RUNTIME_OPTIONS,
} from '../../../src/mongodb/runtime-options';

function merged(settings: Readonly<Record<string, string>>, text?: string): string {
  const config = mergeMongodConfig({
    custom: text === undefined ? undefined : { source: 'ConfigMap orders', text },
    settings: Object.entries(settings).map(([name, value]) => ({ name, value })),
    image: 'mongo:4.2',
    memoryBytes: undefined,
  });
  if (config.outcome === 'refused') throw new Error(config.message);
  return config.yaml;
}
const record = (settings: Readonly<Record<string, string>>): string =>
  recordConfig(partConfig(merged(settings)));
const isTold = (before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): boolean =>
  isToldAtRunTime(record(before), record(after));

describe('a configuration, parted by what a change of it needs', () => {
  it('has settings as mongod will tell them, whatever they are written like', () => {
    const yaml = merged(
      {
        LOG_LEVEL: 'debug',
        'operationProfiling.slowOpThresholdMs': '250',
        'net.maxIncomingConnections': '9',
      },
      'setParameter: {ttlMonitorEnabled: "false", cursorTimeoutMillis: "600000"}',
    );
    expect(partConfig(yaml).settings).toEqual([
      { option: 'systemLog.verbosity', value: 1 },
      { option: 'operationProfiling.slowOpThresholdMs', value: 250 },
      { option: 'setParameter.cursorTimeoutMillis', value: 600_000 },
      { option: 'setParameter.ttlMonitorEnabled', value: false },
    ]);
  });

  it.each([
    ['another value', { 'systemLog.verbosity': '1' }, { 'systemLog.verbosity': '2' }, true],
    ['one more', {}, { 'setParameter.notablescan': 'true' }, true],
    ['one that is taken out: its default is unknown', { 'systemLog.verbosity': '1' }, {}, false],
    ['one in the place of another', { LOG_LEVEL: '1' }, { 'setParameter.notablescan': 'true' }, false],
    ['what is fixed', {}, { 'net.maxIncomingConnections': '9' }, false],
    ['both', { LOG_LEVEL: '1' }, { LOG_LEVEL: '2', 'net.maxIncomingConnections': '9' }, false],
    ['a parameter that is not known', {}, { 'setParameter.somethingNew': '1' }, false],
    ['the profiling of a database', {}, { 'operationProfiling.mode': 'all' }, false],
    ['a value of another type', { LOG_LEVEL: '1' }, { 'setParameter.syncdelay': 'often' }, false],
    ['two names of one thing', {}, { LOG_LEVEL: '1', 'setParameter.logLevel': '2' }, false],
  ])('tells %s: %j to %j is told at run time: %j', (_what, before, after, told) => {
    expect(isTold(before, after)).toBe(told);
  });

  it('is not told where nobody recorded what runs', () => {
    expect(isToldAtRunTime(undefined, record({}))).toBe(false);
    expect(isToldAtRunTime(record({}), record({}))).toBe(true);
  });

  it('needs no restart when values alone differ or options are added, and one whenever an option is gone', () => {
    const values = fc.dictionary(
      fc.constantFrom(...RUNTIME_OPTIONS.map(({ option }) => option)),
      fc.constantFrom(0, 1),
    );
    const yamlOf = (options: Readonly<Record<string, number>>): string =>
      stringify({ net: { port: 1 }, ...options });
    fc.assert(
      fc.property(values, values, (before, after) => {
        const [old, next] = [partConfig(yamlOf(before)), partConfig(yamlOf(after))];
        fc.pre(old.settings.length === Object.keys(before).length);
        fc.pre(next.settings.length === Object.keys(after).length);
        const isKept = Object.keys(before).every((option) => option in after);
        expect(isToldAtRunTime(recordConfig(old), recordConfig(next))).toBe(isKept);
      }),
    );
  });

  it('is told to readers option by option', () => {
    const page = readFileSync(join(__dirname, '../../../docs/operations.md'), 'utf8');
    for (const { option } of RUNTIME_OPTIONS) expect(page).toContain(`\`${option}\``);
  });
});
