import { setImmediate as turn } from 'node:timers/promises';
import { createTenures } from '../../../src/member/tenure';

/** What acted, and was slow to end. */
function slowActors() {
  const open = new Map<number, () => void>();
  let made = 0;
  let acting = 0;
  let most = 0;
  const tenures = createTenures(() => {
    made += 1;
    const own = made;
    acting += 1;
    most = Math.max(most, acting);
    return {
      own,
      stop: () =>
        new Promise<void>((resolve) =>
          open.set(own, () => {
            acting -= 1;
            resolve();
          }),
        ),
    };
  });
  return { tenures, open, made: () => made, most: () => most };
}

test('a tenure begins when the passes of the last have ended', async () => {
  const { tenures, open, made } = slowActors();
  tenures.begin();
  await turn();
  expect(tenures.acting()?.own).toBe(1);
  void tenures.end();
  tenures.begin();
  await turn();
  expect([made(), tenures.acting()]).toEqual([1, undefined]);
  open.get(1)?.();
  await turn();
  expect(tenures.acting()?.own).toBe(2);
});

test('a lease that comes and goes while the last passes end leaves one that acts, and it can be ended', async () => {
  const { tenures, open, made, most } = slowActors();
  tenures.begin();
  await turn();
  void tenures.end();
  tenures.begin();
  void tenures.end();
  tenures.begin();
  await turn();
  open.get(1)?.();
  await turn();
  expect([made(), most()]).toEqual([2, 1]);
  const ended = tenures.end();
  await turn();
  open.get(2)?.();
  await ended;
  expect(tenures.acting()).toBeUndefined();
});

test('one that was ended before it could begin never begins', async () => {
  const { tenures, made } = slowActors();
  tenures.begin();
  await tenures.end();
  await turn();
  expect(made()).toBe(0);
});
