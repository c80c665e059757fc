import fc from 'fast-check';
import { parse } from 'yaml';
import { memoryBytesOf, mergeMongodConfig } from '../../../src/mongodb/mongod-config';
import { getOption, mergeOptions, removeOption, setOption } from '../../../src/mongodb/mongod-options';

const owned = {
  net: { port: 27017, bindIp: '0.0.0.0' },
  storage: { dbPath: '/data/db' },
  security: { authorization: 'enabled', keyFile: '/run/fedstate/keyfile', clusterAuthMode: 'keyFile' },
  replication: { replSetName: 'replset-0' },
  setParameter: { enableLocalhostAuthBypass: false },
};

function merge(request: Partial<Parameters<typeof mergeMongodConfig>[0]>) {
  return mergeMongodConfig({
    custom: undefined,
    settings: [],
    image: 'mongo:4.2',
    memoryBytes: undefined,
    ...request,
  });
}
const custom = (text: string) => ({ custom: { source: 'ConfigMap mine', text } });

function yamlOf(request: Parameters<typeof merge>[0]): unknown {
  const merged = merge(request);
  if (merged.outcome !== 'merged') throw new Error(merged.message);
  return parse(merged.yaml);
}

test('without a wish the file holds our defaults', () => {
  expect(yamlOf({})).toEqual(owned);
});

test('a secondary turns from a source that is gone by the time of an election, where the release is known to be able to', () => {
  const patience = (image: string, text = '') =>
    getOption(
      yamlOf({ image, ...custom(text) }) as Record<string, unknown>,
      'setParameter.oplogNetworkTimeoutBufferSeconds',
    );
  const images = ['mongo:4.4', 'mongo:7.0.14', 'here.example/mongo:8.0-jammy', 'mongo:4'];
  expect(images.map((image) => patience(image))).toEqual([3, 3, 3, 3]);
  const others = ['mongo:4.2', 'mongo:4.2.24', 'mongo:latest', `mongo@sha256:${'a'.repeat(64)}`, 'mine:7.0'];
  expect(others.map((image) => patience(image))).toEqual(others.map(() => undefined));
  expect(patience('mongo:7.0', 'setParameter: {oplogNetworkTimeoutBufferSeconds: 5}')).toBe(5);
  expect(patience('mongo:4.2', 'setParameter: {oplogNetworkTimeoutBufferSeconds: 5}')).toBe(5);
});

test('the cache is half of the container memory beyond 1 GiB, at least 256 MiB, unless it is given', () => {
  const cache = (memoryBytes: number, text = '') =>
    getOption(
      yamlOf({ memoryBytes, ...custom(text) }) as Record<string, unknown>,
      'storage.wiredTiger.engineConfig.cacheSizeGB',
    );
  expect(cache(512 * 2 ** 20)).toBe(0.25);
  expect(cache(4 * 2 ** 30)).toBe(1.5);
  expect(cache(2.5 * 2 ** 30)).toBe(0.75);
  expect(cache(2 ** 33, 'storage: {wiredTiger: {engineConfig: {cacheSizeGB: 2}}}')).toBe(2);
});

test('the sample file of the original project is taken, what we own in it is the same', () => {
  const text = `
storage:
  dbPath: /data/db
  journal: {enabled: true}
  wiredTiger:
    engineConfig: {cacheSizeGB: 2}
    collectionConfig: {blockCompressor: snappy}
net: {port: 27017, bindIp: 0.0.0.0, maxIncomingConnections: 10240}
operationProfiling: {slowOpThresholdMs: 1000}
`;
  expect(yamlOf(custom(text))).toEqual({
    ...owned,
    net: { ...owned.net, maxIncomingConnections: 10240 },
    operationProfiling: { slowOpThresholdMs: 1000 },
    storage: {
      dbPath: '/data/db',
      wiredTiger: {
        engineConfig: { cacheSizeGB: 2 },
        collectionConfig: { blockCompressor: 'snappy' },
      },
    },
  });
});

test.each([
  ['net: {port: 27018}', 'net.port 27018'],
  ['net.bindIp: 127.0.0.1', 'net.bindIp "127.0.0.1"'],
  ['net: {tls: {mode: requireTLS}}', 'net.tls'],
  ['security: {authorization: disabled}', 'security.authorization "disabled"'],
  ['security: {keyFile: /k}', 'security.keyFile "/k"'],
  ['security.clusterAuthMode: x509', 'security.clusterAuthMode "x509"'],
  ['replication: {replSetName: rs0}', 'replication.replSetName "rs0"'],
  ['storage: {dbPath: /db}', 'storage.dbPath "/db"'],
  ['storage: {journal: {enabled: false}}', 'storage.journal.enabled false'],
  ['processManagement: {fork: true}', 'processManagement.fork true'],
  ['systemLog: {destination: file, path: /x}', 'systemLog.destination "file"'],
  ['sharding: {clusterRole: shardsvr}', 'sharding'],
])('%s is refused by name', (text, names) => {
  const merged = merge(custom(text));
  expect(merged).toEqual({
    outcome: 'refused',
    message: expect.stringContaining(`ConfigMap mine sets ${names}, which FedState owns`) as string,
  });
});

test('text that is no map of options is refused where it breaks', () => {
  for (const text of ['a: [', '- net', 'hello', 'net: 1\nnet: 2']) {
    expect(merge(custom(text))).toMatchObject({
      outcome: 'refused',
      message: expect.stringMatching(/^ConfigMap mine, key mongod\.yaml: .*Correct the YAML\.$/) as string,
    });
  }
});

/** Nested maps in block style, so many deep. */
const nested = (depth: number): string =>
  Array.from({ length: depth }, (_, level) => `${' '.repeat(level)}a:`).join('\n');

test.each([
  ['aliases that multiply', laughs(), /Excessive alias count/],
  ['an alias of nothing', 'net: *port', /Unresolved alias/],
  ['an anchor that holds itself', 'net: &net {port: *net}', /levels at most|alias/i],
  ['more than one document', 'net: {}\n---\nnet: {}', /multiple documents/],
  ['a tag of another language', 'net: !!js/function x', /Unresolved tag/],
  ['tabs', 'net:\n\tmaxIncomingConnections: 5', /Tabs are not allowed/],
  ['the same key twice', 'storage: {}\nnet: {}\nnet: {}', /Map keys must be unique/],
  [
    'a date, by YAML 1.1',
    '%YAML 1.1\n---\nnet: {compression: 2001-01-01}',
    /net\.compression is neither text/,
  ],
  ['bytes, by YAML 1.1', '%YAML 1.1\n---\nnet: !!binary aGVsbG8=', /net is neither text/],
  ['infinity', 'storage: {syncPeriodSecs: .inf}', /storage\.syncPeriodSecs is no number/],
  ['no number', 'storage: {syncPeriodSecs: .nan}', /storage\.syncPeriodSecs is no number/],
  ['lists in lists, more than a stack holds', '['.repeat(20_000), /nested too deeply/],
  ['maps in maps', nested(40), /nested 12 levels at most/],
  ['a dotted name of many levels', `${'a.'.repeat(5_000)}a: 1`, /at most 1024 chars|nested 12 levels/],
  ['more options than there are', wide(1_200), /more than 1000 options/],
  ['a long list', `a: [${'1,'.repeat(2_000)}1]`, /more than 1000 options/],
  [
    'a megabyte of brackets, which takes the parser down',
    '['.repeat(2 ** 20),
    /1048576 characters besides comments/,
  ],
  ['a megabyte in one value', `a: "${'x'.repeat(2 ** 20)}"`, /characters besides comments/],
])('%s: refused, and said why', (_, text, why) => {
  const merged = merge(custom(text));
  if (merged.outcome === 'merged') throw new Error(`merged to ${merged.yaml.slice(0, 200)}`);
  expect(merged.message).toMatch(/^ConfigMap mine, key mongod\.yaml: .*Correct the YAML\.$/);
  expect(merged.message).toMatch(why);
  expect(merged.message.length).toBeLessThan(300);
});

/** "Billion laughs": each line stands for ten of the line before. */
function laughs(): string {
  const lines = ['l0: &l0 [ha]'];
  for (let level = 1; level < 10; level += 1)
    lines.push(`l${level}: &l${level} [${Array.from({ length: 10 }, () => `*l${level - 1}`).join(', ')}]`);
  return lines.join('\n');
}

function wide(count: number): string {
  return Array.from({ length: count }, (_, index) => `o${index}: 1`).join('\n');
}

test('what is only unusual is taken: a byte order mark, CRLF, anchors, merge keys, a megabyte of comments', () => {
  const limit = { net: { ...owned.net, maxIncomingConnections: 5 } };
  for (const text of [
    '\ufeffnet:\n  maxIncomingConnections: 5\n',
    'net:\r\n  maxIncomingConnections: 5\r\n',
    'net: {maxIncomingConnections: 5}',
    'net: &n {maxIncomingConnections: 5}\n',
    `${'#'.repeat(2 ** 20)}\nnet: {maxIncomingConnections: 5}`,
    `${'# one more line of comment\n'.repeat(2 ** 15)}net: {maxIncomingConnections: 5}`,
  ])
    expect(yamlOf(custom(text))).toEqual({ ...owned, ...limit });
  expect(yamlOf(custom('net: {<<: {maxIncomingConnections: 5}}'))).toEqual({ ...owned, ...limit });
});

test.each([
  ['net: 27017', 'net 27017'],
  ['storage: [/data/db]', 'storage ["/data/db"]'],
  ['security: enabled', 'security "enabled"'],
  ['setParameter: 1', 'setParameter 1'],
  ['storage: {wiredTiger: snappy}', 'storage.wiredTiger "snappy"'],
  ['net: {tls: true}', 'net.tls true'],
])('%s: a heading with a value of its own is refused, not replaced', (text, names) => {
  expect(merge(custom(text))).toMatchObject({
    outcome: 'refused',
    message: expect.stringContaining(
      `ConfigMap mine sets ${names}, which is a heading: put options below it.`,
    ) as string,
  });
});

test('names that every object has are names like others', () => {
  const merged = merge({
    ...custom('__proto__: {polluted: 1}\nconstructor: {prototype: 2}\ntoString: 3'),
    settings: [{ name: 'valueOf.hasOwnProperty', value: '4' }],
  });
  if (merged.outcome !== 'merged') throw new Error(merged.message);
  expect(merged.yaml).toContain('polluted: 1');
  expect(merged.yaml).toContain('toString: 3');
  expect(merged.yaml).toContain('hasOwnProperty: 4');
  expect({}).not.toHaveProperty('polluted');
});

test('a setting that is no option of mongod is refused by the field it stands in', () => {
  for (const name of ['net..port', '.net', 'net.', 'a b.c', 'a.'.repeat(40), 'a.b.c.d.e.f.g.h.i.j.k']) {
    expect(merge({ settings: [{ name, value: '1' }], settingsField: 'spec.config.configSet' })).toMatchObject(
      {
        outcome: 'refused',
        message: expect.stringMatching(
          /^spec\.config\.configSet names ".*", which is no mongod option: /,
        ) as string,
      },
    );
  }
  expect(
    merge({ settings: [{ name: 'net.port', value: '1' }], settingsField: 'spec.config.configSet' }),
  ).toEqual({
    outcome: 'refused',
    message: expect.stringMatching(
      /^spec\.config\.configSet sets net\.port 1, which FedState owns/,
    ) as string,
  });
});

test('options that no ConfigMap would hold are refused as a whole', () => {
  const settings = Array.from({ length: 256 }, (_, index) => ({
    name: `setParameter.p${index}`,
    value: 'x'.repeat(4096),
  }));
  expect(merge({ settings })).toEqual({
    outcome: 'refused',
    message: expect.stringMatching(/mongod\.yaml of \d+ bytes, 262144 at most are taken: shorten/) as string,
  });
});

test.each([
  ['5000', 5000],
  ['1e3', 1000],
  ['-1', -1],
  ['true', true],
  ['false', false],
  ['yes', 'yes'],
  ['0x10', '0x10'],
  ['[1, 2]', '[1, 2]'],
  ['*alias', '*alias'],
  ['', ''],
  ['"quoted"', '"quoted"'],
])('a setting of %j is %j in the file', (value, read) => {
  expect(getOption(yamlTree({ settings: [{ name: 'storage.x', value }] }), 'storage.x')).toEqual(read);
});

const yamlTree = (request: Parameters<typeof merge>[0]): Record<string, unknown> => {
  const value = yamlOf(request);
  if (typeof value !== 'object' || value === null) throw new Error('no map');
  return { ...value };
};

test('where members are reached by IPv6, mongod listens there too, and nobody takes that away', () => {
  expect(yamlOf({ ipv6: true })).toEqual({
    ...owned,
    net: { port: 27017, bindIp: '0.0.0.0,::', ipv6: true },
  });
  expect(merge({ ipv6: true, ...custom('net: {ipv6: false}') })).toMatchObject({
    outcome: 'refused',
    message: expect.stringContaining('net.ipv6 false, which FedState owns: take it out') as string,
  });
  expect(yamlOf(custom('net: {ipv6: true}'))).toMatchObject({ net: { bindIp: '0.0.0.0', ipv6: true } });
});

test('an empty file and empty headings change nothing', () => {
  expect(yamlOf(custom(''))).toEqual(owned);
  expect(yamlOf(custom('net:\nstorage:\n'))).toEqual(owned);
});

test('spec.config: dotted names set options with their type, LOG_LEVEL sets the verbosity, the rest is named', () => {
  const merged = merge({
    settings: [
      { name: 'net.maxIncomingConnections', value: '5000' },
      { name: 'security.javascriptEnabled', value: 'false' },
      { name: 'operationProfiling.mode', value: 'slowOp' },
      { name: 'LOG_LEVEL', value: 'debug' },
      { name: 'COLOUR', value: 'blue' },
    ],
    ...custom('net: {maxIncomingConnections: 100}'),
  });
  if (merged.outcome !== 'merged') throw new Error(merged.message);
  expect(parse(merged.yaml)).toEqual({
    ...owned,
    net: { ...owned.net, maxIncomingConnections: 5000 },
    security: { ...owned.security, javascriptEnabled: false },
    operationProfiling: { mode: 'slowOp' },
    systemLog: { verbosity: 1 },
  });
  expect(merged.ignored).toEqual([expect.stringContaining('COLOUR: not a setting') as string]);
});

test('spec.config may not set what we own, and a LOG_LEVEL that means nothing is named', () => {
  expect(merge({ settings: [{ name: 'net.port', value: '1' }] })).toMatchObject({
    outcome: 'refused',
    message: expect.stringContaining('spec.config sets net.port 1') as string,
  });
  expect(merge({ settings: [{ name: 'LOG_LEVEL', value: 'loud' }] })).toMatchObject({
    ignored: [expect.stringContaining('LOG_LEVEL=loud') as string],
  });
});

test.each([
  ['info', 0],
  ['5', 5],
  ['TRACE', 5],
  ['warn', 0],
])('LOG_LEVEL=%s is verbosity %i', (value, verbosity) => {
  expect(yamlOf({ settings: [{ name: 'LOG_LEVEL', value }] })).toMatchObject({ systemLog: { verbosity } });
});

test('parameters with dots in their name stay whole', () => {
  expect(yamlOf(custom('setParameter: {a.b: 1}'))).toMatchObject({
    setParameter: { 'a.b': 1, enableLocalhostAuthBypass: false },
  });
});

test('memory: the limit counts, else the request, else nothing is known', () => {
  expect(memoryBytesOf({ limits: { memory: '2Gi' }, requests: { memory: '1Gi' } })).toBe(2 ** 31);
  expect(memoryBytesOf({ requests: { memory: '1Gi' } })).toBe(2 ** 30);
  expect(memoryBytesOf({ limits: { cpu: 1 } })).toBeUndefined();
});

const nameArb = fc.constantFrom('net', 'port', 'tls', 'x', 'constructor', 'toString');
const pathArb = fc.array(nameArb, { minLength: 1, maxLength: 4 }).map((names) => names.join('.'));

test('property: an option that is set is read back, and once removed it is gone', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(pathArb, fc.integer())), pathArb, fc.integer(), (others, path, value) => {
      const tree = others.reduce((sum, [name, item]) => setOption(sum, name, item), {});
      const set = setOption(tree, path, value);
      expect(getOption(set, path)).toBe(value);
      expect(getOption(removeOption(set, path), path)).toBeUndefined();
      expect(mergeOptions(tree, set)).toEqual(set);
    }),
  );
});
