import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { openGate, type Gate } from '../../../../local/chaos/gate';
import { createHook } from '../../../../local/chaos/hook';
import type { Report } from '../../../../local/chaos/report';
import { until } from '../../../support/until';

const instance = { namespace: 'chaos', name: 'orders', uid: 'u1' };
const workflowId = 'mongo/chaos/orders/u1/op/1-createInstance';

let folder: string;
let gate: Gate | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedstate-hook-'));
});
afterEach(async () => {
  await gate?.close();
  gate = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const socketPath = (): string => join(folder, 'chaos.sock');
const environment = (activityType: string): MockActivityEnvironment =>
  new MockActivityEnvironment(
    { activityType, workflowExecution: { workflowId, runId: 'r1' } },
    { interceptors: [createHook(socketPath())] },
  );

describe('the hook in the worker', () => {
  it('holds an activity before its first effect and before its result is told', async () => {
    gate = await openGate(socketPath());
    const reports: Report[] = [];
    const opens: (() => void)[] = [];
    gate.guard(instance, async (report) => {
      reports.push(report);
      await new Promise<void>((resolve) => opens.push(resolve));
    });
    let effects = 0;
    let result: unknown;
    const running = environment('executeStep')
      .run(
        (_input: unknown) => {
          effects += 1;
          return Promise.resolve('done');
        },
        { instance, step: { kind: 'initiate' } },
      )
      .then((value: unknown) => (result = value));
    const held = (count: number) =>
      until(`${count} boundaries`, 5, () =>
        Promise.resolve(opens.length === count ? { answer: true } : { reason: String(opens.length) }),
      );

    await held(1);
    expect({ effects, result }).toEqual({ effects: 0, result: undefined });
    opens[0]?.();
    await held(2);
    expect({ effects, result }).toEqual({ effects: 1, result: undefined });
    opens[1]?.();
    await running;
    expect(result).toBe('done');
    expect(reports.map(({ phase, activity, detail }) => [phase, activity, detail])).toEqual([
      ['before', 'executeStep', 'initiate'],
      ['after', 'executeStep', 'initiate'],
    ]);
  });

  it('tells nothing of a result when the activity failed', async () => {
    gate = await openGate(socketPath());
    const phases: string[] = [];
    gate.guard(instance, (report) => {
      phases.push(report.phase);
      return Promise.resolve();
    });
    const run = environment('placeInstance').run((_input: unknown) => Promise.reject(new Error('no room')), {
      instance,
    });
    await expect(run).rejects.toThrow('no room');
    expect(phases).toEqual(['before']);
  });

  it('goes on when nobody drives, also when the driver ends while it holds', async () => {
    const run = (): Promise<unknown> =>
      environment('placeInstance').run((_input: unknown) => Promise.resolve('placed'), { instance });
    expect(await run()).toBe('placed');

    gate = await openGate(socketPath());
    let isHeld = false;
    gate.guard(instance, () => {
      isHeld = true;
      return new Promise(() => undefined);
    });
    const running = run();
    await until('the hold', 5, () => Promise.resolve(isHeld ? { answer: true } : { reason: 'not held' }));
    await gate.close();
    gate = undefined;
    expect(await running).toBe('placed');
  });

  it('tells the end of an upgrade by its steps', async () => {
    gate = await openGate(socketPath());
    const told: (string | undefined)[] = [];
    gate.guard(instance, (report) => {
      told.push(report.detail);
      return Promise.resolve();
    });
    const idle = (_input: unknown): Promise<void> => Promise.resolve();
    const soak = { kind: 'soak', version: '4.4', seconds: 120, risk: 'safe' };
    await environment('carryOutStep').run(idle, { instance, step: soak });
    await environment('carryOutStep').run(idle, { instance, step: { kind: 'setFCV', version: '4.4' } });
    expect(told).toEqual(['soak', 'soak', 'setFCV', 'setFCV']);
  });

  it('leaves health watches and news of waits alone', async () => {
    gate = await openGate(socketPath());
    const told: string[] = [];
    gate.guard(instance, (report) => {
      told.push(report.activity);
      return Promise.resolve();
    });
    const progress = { step: 'schedule', wait: { code: 'Unschedulable', message: 'no room' } };
    const idle = (_input: unknown): Promise<void> => Promise.resolve();
    await environment('watchInstance').run(idle, { instance });
    await environment('reportStatus').run(idle, { instance, progress });
    await environment('reportStatus').run(idle, { instance, progress: { step: 'schedule' } });
    expect(told).toEqual(['reportStatus', 'reportStatus']);
  });
});
