import { setTimeout as sleep } from 'node:timers/promises';
import { FedStateError } from '../../../src/domain/errors';
import { createKube, kubeOver, type Kube } from '../../../src/kube/client';
import { holdLease, type Lease, type LeaseOptions } from '../../../src/kube/lease';
import { eventually } from '../../support/eventually';
import { startFakeApi, type FakeApi } from '../../support/fake-api';

jest.setTimeout(60_000);

const LEASES = 'coordination.k8s.io/v1/leases';
const KEY = 'fedstate-system/member';
const fast = {
  namespace: 'fedstate-system',
  name: 'member',
  durationMs: 2_000,
  renewDeadlineMs: 1_400,
  retryMs: 80,
};

let api: FakeApi;
const open: Lease[] = [];

function hold(
  identity: string,
  more: Partial<LeaseOptions> = {},
  kube = createKube(api.kubeConfig),
): { lease: Lease; log: string[] } {
  const log: string[] = [];
  const lease = holdLease(kube, {
    ...fast,
    identity,
    onAcquired: () => log.push('acquired'),
    onLost: () => log.push('lost'),
    ...more,
  });
  open.push(lease);
  return { lease, log };
}

beforeEach(async () => {
  api = await startFakeApi();
});
afterEach(async () => {
  api.setFault(undefined);
  await Promise.all(open.splice(0).map((lease) => lease.stop()));
  await api.halt();
});

describe('lease', () => {
  test('the first one holds it and renews it; the second waits', async () => {
    const first = hold('a');
    await first.lease.acquired;
    const second = hold('b');
    await sleep(2_500);
    expect(first.lease.isHeld()).toBe(true);
    expect(second.lease.isHeld()).toBe(false);
    expect(first.log).toEqual(['acquired']);
    expect(second.log).toEqual([]);
    expect(api.read(LEASES, KEY)).toMatchObject({
      spec: {
        holderIdentity: expect.stringMatching(/^a_/) as string,
        leaseTransitions: 0,
        renewTime: expect.stringMatching(/^\d{4}-.*\.\d{6}Z$/) as string,
      },
    });
  });

  test('stop gives it back: the next one need not wait for the duration', async () => {
    const first = hold('a', { durationMs: 60_000, renewDeadlineMs: 30_000 });
    await first.lease.acquired;
    const second = hold('b', { durationMs: 60_000, renewDeadlineMs: 30_000 });
    await sleep(200);
    await first.lease.stop();
    await Promise.race([second.lease.acquired, sleep(20_000)]);
    expect(second.lease.isHeld()).toBe(true);
    expect(first.lease.isHeld()).toBe(false);
    expect(first.log).toEqual(['acquired']);
    expect(api.read(LEASES, KEY)).toMatchObject({ spec: { leaseTransitions: 1 } });
  });

  test.each(['hang', 'fail'] as const)(
    'a holder whose requests %s stops acting before another may begin',
    async (manner) => {
      const times: Record<string, number> = {};
      const cut = cuttable(manner);
      const isolated = hold('a', { onLost: () => (times['lost'] = performance.now()) }, cut.kube);
      await isolated.lease.acquired;
      const next = hold('b', { onAcquired: () => (times['taken'] = performance.now()) });
      await sleep(150);
      cut.cut();
      await next.lease.acquired;
      expect(isolated.lease.isHeld()).toBe(false);
      expect(times['taken']).toBeGreaterThan(times['lost'] ?? Number.POSITIVE_INFINITY);
    },
  );

  test('after a loss it stands as a candidate again', async () => {
    const cut = cuttable('fail');
    const one = hold('a', {}, cut.kube);
    await one.lease.acquired;
    cut.cut();
    await eventually(() => expect(one.log).toContain('lost'));
    expect(one.lease.isHeld()).toBe(false);
    cut.heal();
    await eventually(() => expect(one.lease.isHeld()).toBe(true));
    expect(one.log).toEqual(['acquired', 'lost', 'acquired']);
  });

  test('a process frozen beyond the deadline does not count itself as holder when it thaws', async () => {
    let offset = 0;
    const { lease } = hold('a', { monotonic: () => performance.now() + offset });
    await lease.acquired;
    offset = 1_500;
    expect(lease.isHeld()).toBe(false);
  });

  test('two processes of one name never share it', async () => {
    const first = hold('fedstate');
    const second = hold('fedstate');
    await Promise.race([first.lease.acquired, second.lease.acquired]);
    await sleep(400);
    expect([first.lease.isHeld(), second.lease.isHeld()].filter(Boolean)).toHaveLength(1);
  });

  test("another's wrong wall clock does no harm: renewals are timed from when they were seen", async () => {
    api.put(LEASES, {
      metadata: { name: 'member', namespace: 'fedstate-system' },
      spec: {
        holderIdentity: 'old',
        leaseDurationSeconds: 1,
        renewTime: '2001-01-01T00:00:00.000000Z',
        leaseTransitions: 7,
      },
    });
    const { lease } = hold('a');
    await sleep(1_200);
    expect(lease.isHeld()).toBe(false);
    await lease.acquired;
    expect(api.read(LEASES, KEY)).toMatchObject({ spec: { leaseTransitions: 8 } });
  });

  test('times that could let two act at once are refused with all three numbers', () => {
    expect(() => hold('a', { renewDeadlineMs: 2_000 })).toThrow(
      'retryMs 80 < renewDeadlineMs 2000 < durationMs 2000 must hold',
    );
  });

  test('failures are told, and stop never rejects', async () => {
    const failures: string[] = [];
    api.setFault((_request, response) => {
      response.writeHead(503).end();
      return true;
    });
    const { lease, log } = hold('a', { onFailure: (message) => failures.push(message) });
    await eventually(() => expect(failures.length).toBeGreaterThan(0));
    await lease.stop();
    expect(failures[0]).toMatch(/leases\/member: HTTP 503/);
    expect(log).toEqual([]);
  });
});

function cuttable(manner: 'hang' | 'fail'): { kube: Kube; cut(): void; heal(): void } {
  const transport = createKube(api.kubeConfig).transport;
  let isCut = false;
  return {
    cut: () => (isCut = true),
    heal: () => (isCut = false),
    kube: kubeOver({
      ...transport,
      request: (options) => {
        if (!isCut) return transport.request(options);
        return manner === 'hang'
          ? new Promise<string>(() => undefined)
          : Promise.reject(new FedStateError('Unreachable', 'cut'));
      },
    }),
  };
}
