import { Registry } from 'prom-client';
import { readOptions } from '../../../../local/exporter/options';
import { createReplicaMetrics } from '../../../../local/exporter/replica-metrics';

describe('readOptions', () => {
  it('takes the URI from the flag, else from MONGODB_URI, and ignores flags of the original', () => {
    expect(
      readOptions(['--mongodb.uri=mongodb://a', '--collect-all'], { MONGODB_URI: 'mongodb://b' }),
    ).toEqual({
      uri: 'mongodb://a',
      host: '0.0.0.0',
      port: 9216,
    });
    expect(readOptions(['--web.listen-address', ':9300'], { MONGODB_URI: 'mongodb://b' })).toMatchObject({
      uri: 'mongodb://b',
      port: 9300,
    });
  });

  it('puts a user of the environment into a URI without one, escaped', () => {
    const environment = { MONGODB_URI: 'mongodb://h:1/', MONGODB_USER: 'm', MONGODB_PASSWORD: 'p/+@' };
    expect(readOptions([], environment).uri).toBe('mongodb://m:p%2F%2B%40@h:1/');
    expect(readOptions([], { ...environment, MONGODB_URI: 'mongodb://x:y@h/' }).uri).toBe('mongodb://x:y@h/');
  });

  it('says what is missing', () => {
    expect(() => readOptions([], {})).toThrow(/MONGODB_URI/);
  });
});

describe('replica metrics', () => {
  const at = (seconds: number) => new Date(seconds * 1000);
  const member = (name: string, stateStr: string, optime: number, state: number) => ({
    name,
    stateStr,
    state,
    health: 1,
    optimeDate: at(optime),
  });

  it('tells states, health, operation times and lag behind the primary', async () => {
    const registry = new Registry();
    const { record } = createReplicaMetrics(registry);
    record({
      up: true,
      server: { connections: { current: 4, available: 96 } },
      replicaSet: {
        set: 'rs0',
        myState: 2,
        members: [
          member('a:1', 'PRIMARY', 1_000, 1),
          member('b:1', 'SECONDARY', 990, 2),
          member('c:1', 'ARBITER', 0, 7),
        ],
      },
    });
    const text = await registry.metrics();
    expect(text).toContain('mongodb_up 1');
    expect(text).toContain('mongodb_mongod_replset_my_state{set="rs0"} 2');
    expect(text).toContain('mongodb_mongod_replset_member_state{set="rs0",name="c:1",state="ARBITER"} 7');
    expect(text).toContain(
      'mongodb_mongod_replset_member_replication_lag{set="rs0",name="b:1",state="SECONDARY"} 10',
    );
    expect(text).not.toContain('replication_lag{set="rs0",name="c:1"');
    expect(text).toContain('mongodb_connections{state="available"} 96');
  });

  it('forgets members that are gone and says down when the server does not answer', async () => {
    const registry = new Registry();
    const { record } = createReplicaMetrics(registry);
    record({
      up: true,
      server: undefined,
      replicaSet: { set: 's', myState: 1, members: [member('a:1', 'PRIMARY', 1, 1)] },
    });
    record({ up: false, server: undefined, replicaSet: undefined });
    const text = await registry.metrics();
    expect(text).toContain('mongodb_up 0');
    expect(text).not.toContain('name="a:1"');
  });
});
