import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import * as workflows from '../../src/workflows/index';
import { fakeActivities, PLANTED_PASSWORD } from '../support/fake-activities';
import { fromSetup } from '../support/temporal-worker';
import { newWorld } from '../support/world';
import { listVersions, readVersion, replay, type HistoryFile } from './corpus';
import { eventsOf, formatHistory } from './history-json';
import { SCENARIOS } from './scenarios';
import { holdsSecret } from './secret-search';

jest.setTimeout(120_000);

const versions = listVersions();
const corpus = new Map(versions.map((version) => [version, readVersion(version)]));
const all = [...corpus.values()].flat();

const told = (failures: ReadonlyMap<string, Error>): string[] =>
  [...failures].map(([name, error]) => `${name}: ${error.message}`);

describe('recorded histories', () => {
  it.each(versions)('of %s are what the workflows would do today', async (version) => {
    expect(told(await replay(fromSetup('TEMPORAL_TEST_BUNDLE'), corpus.get(version) ?? []))).toEqual([]);
  });

  it('are broken by stages in another order, each by name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fedstate-changed-'));
    try {
      const { code } = await bundleWorkflowCode({
        workflowsPath: join(__dirname, 'changed', 'index.ts'),
        logger: new DefaultLogger('ERROR'),
      });
      const bundle = join(folder, 'bundle.js');
      writeFileSync(bundle, code);
      const newest = corpus.get(versions.at(-1) ?? '') ?? [];
      const failures = await replay(bundle, newest);
      const creations = newest.filter(({ workflowType }) => workflowType === 'createInstance');
      expect(creations.length).toBeGreaterThan(0);
      expect([...failures.keys()]).toEqual(creations.map(({ name }) => name));
      for (const error of failures.values()) expect(error).toBeInstanceOf(DeterminismViolationError);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('lose nothing by being read', () => {
    for (const { text, history } of all) expect(formatHistory(eventsOf(history))).toBe(text);
  });
});

describe('the corpus', () => {
  it('holds a history of every workflow', () => {
    const types = new Set(all.map(({ workflowType }) => workflowType));
    expect([...types].sort()).toEqual(Object.keys(workflows).sort());
  });

  it('holds an attempt of every activity', () => {
    const names = all.flatMap(({ events }) =>
      events.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType.name ?? []),
    );
    expect([...new Set(names)].sort()).toEqual(Object.keys(fakeActivities(newWorld())).sort());
  });

  it('holds every scenario in its newest version', () => {
    const newest = corpus.get(versions.at(-1) ?? '') ?? [];
    const names = newest.map(({ name }) => name.split('/')[1]?.split('.')[0] ?? '');
    expect([...new Set(names)].sort()).toEqual(SCENARIOS.map(({ name }) => name).sort());
  });
});

describe('a password', () => {
  it('is held by the fakes and by no history', async () => {
    const world = newWorld();
    const instance = { namespace: 'shop', name: 'orders', uid: 'u' };
    await fakeActivities(world).prepareCredentials({ instance });
    await fakeActivities(world).publishConnection({ instance });
    expect(world.secrets.get('orders-connection')).toContain(PLANTED_PASSWORD);
    expect(all.filter(({ text }) => holdsSecret(text, PLANTED_PASSWORD)).map(({ name }) => name)).toEqual([]);
  });

  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const uri = `mongodb://root:${PLANTED_PASSWORD}@10.0.1.1:30001`;
  it.each([
    ['in clear', PLANTED_PASSWORD],
    ['in a result', base64(JSON.stringify({ uri }))],
    ['in a Secret in a result', base64(JSON.stringify({ data: { uri: base64(uri) } }))],
  ])('is found %s', (_where, leak) => {
    const { text } = someCreation();
    const leaking = text.replace(/"data":"[^"]*"/, `"data":"${leak}"`);
    expect(holdsSecret(text, PLANTED_PASSWORD)).toBe(false);
    expect(holdsSecret(leaking, PLANTED_PASSWORD)).toBe(true);
  });
});

function someCreation(): HistoryFile {
  const file = all.find(({ workflowType }) => workflowType === 'createInstance');
  if (file === undefined) throw new Error('the corpus holds no creation');
  return file;
}
