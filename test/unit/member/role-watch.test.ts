import { createRoleWatch } from '../../../src/member/role-watch';

function setUp() {
  const started: string[] = [];
  const signals = new Map<string, AbortSignal>();
  const tell = new Map<string, () => void>();
  const changed: string[] = [];
  const roles = createRoleWatch(
    (host, signal, onChange) => {
      started.push(host);
      signals.set(host, signal);
      tell.set(host, onChange);
      return host === 'bad:1' ? Promise.reject(new Error('no address')) : new Promise(() => undefined);
    },
    (instance) => changed.push(instance),
  );
  return { started, signals, tell, changed, roles };
}

test('each running member is followed once, whatever the number of passes', () => {
  const { started, roles } = setUp();
  roles.follow('shop/orders', ['a:1', 'b:1']);
  roles.follow('shop/orders', ['a:1', 'b:1']);
  expect(started).toEqual(['a:1', 'b:1']);
});

test('the first sight is known already, each later one is a reason for a pass', () => {
  const { tell, changed, roles } = setUp();
  roles.follow('shop/orders', ['a:1']);
  tell.get('a:1')?.();
  expect(changed).toEqual([]);
  tell.get('a:1')?.();
  expect(changed).toEqual(['shop/orders']);
});

test('a member that is gone is no longer followed, nor is anybody after the stop', () => {
  const { signals, tell, changed, roles } = setUp();
  roles.follow('shop/orders', ['a:1', 'b:1']);
  roles.follow('shop/orders', ['b:1']);
  expect(signals.get('a:1')?.aborted).toBe(true);
  expect(signals.get('b:1')?.aborted).toBe(false);
  roles.stop();
  tell.get('b:1')?.();
  tell.get('b:1')?.();
  expect(signals.get('b:1')?.aborted).toBe(true);
  expect(changed).toEqual([]);
});

test('a watch that breaks is begun again by the next pass', async () => {
  const { started, roles } = setUp();
  roles.follow('shop/orders', ['bad:1']);
  await Promise.resolve();
  await Promise.resolve();
  roles.follow('shop/orders', ['bad:1']);
  expect(started).toEqual(['bad:1', 'bad:1']);
});
