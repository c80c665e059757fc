import fc from 'fast-check';
import { parse } from 'yaml';
import { memoryBytesOf, mergeMongodConfig } from '../../../src/member/mongod-config';
import { getOption, mergeOptions, removeOption, setOption } from '../../../src/member/mongod-options';

const owned = {
  net: { port: 27017, bindIp: '0.0.0.0' },
  storage: { dbPath: '/data/db' },
  security: { authorization: 'enabled', keyFile: '/run/fedstate/keyfile', clusterAuthMode: 'keyFile' },
  replication: { replSetName: 'replset-0' },
  setParameter: { enableLocalhostAuthBypass: false },
};

function merge(request: Partial<Parameters<typeof mergeMongodConfig>[0]>) {
  return mergeMongodConfig({ custom: undefined, settings: [], memoryBytes: undefined, ...request });
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
