import type { Document } from 'bson';
import { Stage, quick } from '../support/stage';
import { coursesOf, stateOf, watchStates } from '../support/states';
import { type TestMember, eventually, sleep } from '../support/test-set';

/**
 * Step-down, freeze, hand-over and every way of losing a primary (S14, S15, S18). The record took the default timings;
 * here most stories take an election timeout of two seconds, and shorter periods in the commands. Each story has
 * members of its own, and all run at the same time.
 */
jest.setTimeout(180_000);

const chance = [/infoMessage/];

type Three = readonly [TestMember, TestMember, TestMember];

const tell = async (
  settings: Document,
  part: RegExp,
  story: (stage: Stage, members: Three) => Promise<void>,
): Promise<void> => {
  const stage = new Stage('elections', settings, part);
  try {
    await stage.open('ABC', {}, [1]);
    await story(stage, [stage.member('A'), stage.member('B'), stage.member('C')]);
    expect(stage.unplayed).toEqual([]);
  } finally {
    await stage.end();
  }
};

/** A command with a shorter step-down period, s; null: the field is left out. */
const within =
  (period: number, catchUp: number | null) =>
  (command: Document): Document => ({
    ...command,
    replSetStepDown: period,
    ...(catchUp === null ? {} : { secondaryCatchUpPeriodSecs: catchUp }),
  });

const primaryOf = (members: readonly TestMember[]): Promise<TestMember> =>
  eventually('a writable primary', async () => {
    const states = await Promise.all(members.map(stateOf));
    return members[states.indexOf('PRIMARY')];
  });

const caughtUp = (members: readonly TestMember[]): Promise<boolean> =>
  eventually('all members have the same', async () => {
    const statuses = await Promise.all(members.map((member) => member.ask({ isMaster: 1 })));
    const writes = statuses.map((hello) => JSON.stringify(hello['lastWrite']).slice(0, 60));
    return new Set(writes).size === 1 ? true : undefined;
  });

const setPriorities = async (primary: TestMember, priorities: readonly number[]): Promise<void> => {
  const { config } = (await primary.ask({ replSetGetConfig: 1 })) as { config: Document };
  const members = (config['members'] as Document[]).map((member, index) => ({
    ...member,
    priority: priorities[index],
  }));
  const version = Number(config['version']) + 1;
  expect(await primary.ask({ replSetReconfig: { ...config, version, members } })).toMatchObject({ ok: 1 });
};

/** Who becomes primary, and by which states; a hand-over may be too quick to see who was SECONDARY before. */
const risesOf = (...given: Parameters<typeof coursesOf>): string[] =>
  coursesOf(given[0], given[1], ['SECONDARY', ...(given[2] ?? [])]);

/** Waits until a writable primary is seen; gives what was seen meanwhile. */
const watchElection = (members: readonly TestMember[]): ReturnType<typeof watchStates> =>
  watchStates(members, (view) => Object.values(view).includes('PRIMARY'));

test.concurrent(
  'what step-down and freeze refuse, and step-downs that find nobody to hand over to (S14)',
  () =>
    tell({}, /^0(0[89]|1\d|2[0-2]|3[0156789]|4[01])/, async (stage, [a, b, c]) => {
      for (const step of ['008', '009', '010', '011', '012', '013', '014']) await stage.play(step);
      for (const step of ['015', '016', '017', '018', '019', '020', '021']) await stage.play(step);
      await stage.play('022', { loose: chance });

      await setPriorities(a, [1, 0, 0]);
      await stage.play('030', { mend: within(10, 1) });
      await stage.play('031', { loose: [/majority(OpTime|WriteDate)/] });
      await setPriorities(a, [1, 1, 1]);
      await caughtUp([a, b, c]);

      for (const member of [b, c]) member.signal('SIGSTOP');
      try {
        await stage.play('035');
        await stage.play('036', { mend: within(20, 1) });
        await stage.play('037');
        const again = stage.play('038', { mend: within(20, 2) });
        await eventually('the step-down waits', async () =>
          (await a.ask({ isMaster: 1 }))['ismaster'] === false ? true : undefined,
        );
        for (const step of ['039', '040', '041']) await stage.play(step, { fresh: true });
        await again;
      } finally {
        for (const member of [b, c]) member.signal('SIGCONT');
      }
    }),
);

test.concurrent(
  'hand-over: with one secondary frozen or dead, as a client sees it, and aimed by step-up or freeze (S15)',
  () =>
    tell(quick, /^0(4[2-9]|5\d|60)/, async (stage, [a, b, c]) => {
      b.signal('SIGSTOP');
      await stage.play('042');
      await stage.play('043');
      const frozen = await watchElection([a, c]);
      b.signal('SIGCONT');
      expect(risesOf(frozen, [a, c])).toEqual(risesOf(stage.timeline('044'), [a, c]));

      await caughtUp([a, b, c]);
      await a.stop('SIGKILL');
      await stage.play('046');
      const dead = await watchElection([b, c]);
      expect(risesOf(dead, [b, c])).toEqual(risesOf(stage.timeline('047'), [b, c]));
      await a.start();
      await stage.set.settled(a);

      await caughtUp([a, b, c]);
      await stage.play('048', { mend: within(2, 1) });
      await stage.play('049');
      await stage.play('050');
      await stage.play('051', { fresh: true });
      await primaryOf([a, c]);
      await sleep(2000);
      await stage.play('052');
      await stage.play('053');
      const wished = await watchStates([b], (view) => view[b.host] === 'PRIMARY');
      expect(risesOf(wished, [b])).toEqual(risesOf(stage.timeline('054'), [b]));

      await caughtUp([a, b, c]);
      await stage.play('055');
      await stage.play('056');
      const aimed = await watchElection([a, b, c]);
      expect(risesOf(aimed, [a, b, c])).toEqual(risesOf(stage.timeline('057'), [a, b, c]));
      await stage.play('059');
      await caughtUp([a, b, c]);
      await stage.play('060');
      await primaryOf([b, c]);
    }),
);

test.concurrent(
  'a member that stepped down comes back after its period if nobody else may stand; a frozen primary finds its successor',
  () =>
    tell(quick, /^0(2[3-9]|32)|^112/, async (stage, [a, b, c]) => {
      await stage.play('023');
      await stage.play('024');
      const steppedAt = Date.now();
      await stage.play('025', { mend: within(3, 1) });
      const back = await watchElection([a, b, c]);
      expect(Date.now() - steppedAt).toBeGreaterThan(3000);
      expect(coursesOf(back, [a, b, c])).toEqual(coursesOf(stage.timeline('026'), [a, b, c]));
      await stage.play('028');
      await stage.play('029');

      await setPriorities(a, [1, 0, 0]);
      await stage.play('032', { mend: within(1, null) });
      const forced = await watchElection([a, b, c]);
      expect(coursesOf(forced, [a, b, c])).toEqual(coursesOf(stage.timeline('033'), [a, b, c]));
      await setPriorities(a, [1, 1, 1]);
      await caughtUp([a, b, c]);

      await stage.set.stepUp(c);
      await caughtUp([a, b, c]);
      for (const member of [a, b]) member.signal('SIGSTOP');
      try {
        await c.ask({ insert: 't', documents: [{ _id: 'before-shutdown' }], $db: 'd' });
        await stage.play('112', { mend: (command) => ({ ...command, timeoutSecs: 1 }) });
      } finally {
        for (const member of [a, b]) member.signal('SIGCONT');
      }

      await caughtUp([a, b, c]);
      c.signal('SIGSTOP');
      const frozenAt = Date.now();
      const without = await watchElection([a, b]);
      expect(Date.now() - frozenAt).toBeGreaterThan(
        quick.electionTimeoutMillis - quick.heartbeatIntervalMillis,
      );
      expect(coursesOf(without, [a, b])).toEqual(coursesOf(stage.timeline('113'), [a, b]));
      c.signal('SIGCONT');
      const thawed = await watchStates([c], (view) => view[c.host] === 'SECONDARY');
      expect(coursesOf(thawed, [c], ['PRIMARY'])).toEqual(coursesOf(stage.timeline('115'), [c], ['PRIMARY']));
      expect(await c.ask({ insert: 't', documents: [{ a: 1 }], $db: 'd' })).toMatchObject({ code: 10107 });
    }),
);

test.concurrent(
  'SIGTERM and the shutdown command hand over at once, kill -9 costs the election timeout (S18), the highest priority takes over',
  () =>
    tell(quick, /^108/, async (stage, [a, b, c]) => {
      const termedAt = Date.now();
      expect(await a.stop('SIGTERM')).toBe(0);
      const handed = await watchElection([b, c]);
      expect(Date.now() - termedAt).toBeLessThan(5 * 2016);
      expect(risesOf(handed, [b, c])).toEqual(risesOf(stage.timeline('095'), [b, c]));
      await a.start();
      const returned = await watchStates([a], (view) => view[a.host] === 'SECONDARY');
      expect(coursesOf(returned, [a], ['STARTUP2'])).toEqual(coursesOf(stage.timeline('097'), [a]));

      await stage.set.stepUp(a);
      await caughtUp([a, b, c]);
      const root = await a.as('root', 'root-pw');
      await expect(root.run(stage.command('108'))).rejects.toThrow('connection closed by the server');
      const shut = await watchElection([b, c]);
      expect(risesOf(shut, [b, c])).toEqual(risesOf(stage.timeline('110'), [b, c]));
      await eventually('the process has ended', () =>
        Promise.resolve(a.exitCode === null ? undefined : true),
      );
      expect(a.exitCode).toBe(0);
      await a.start();
      await stage.set.settled(a);

      await stage.set.stepUp(b);
      await caughtUp([a, b, c]);
      const kept = { insert: 't', documents: [{ _id: 'kept' }], writeConcern: { w: 'majority' }, $db: 'd' };
      expect(await b.ask(kept)).toMatchObject({ n: 1 });
      await b.stop('SIGKILL');
      const killedAt = Date.now();
      const killed = await watchElection([a, c]);
      expect(Date.now() - killedAt).toBeGreaterThan(
        quick.electionTimeoutMillis - quick.heartbeatIntervalMillis,
      );
      expect(coursesOf(killed, [a, c])).toEqual(coursesOf(stage.timeline('118'), [a, c]));
      await b.start();
      const again = await watchStates([b], (view) => view[b.host] === 'SECONDARY');
      expect(coursesOf(again, [b], ['STARTUP2'])).toEqual(coursesOf(stage.timeline('120'), [b]));
      const read = { find: 't', filter: { _id: 'kept' }, $readPreference: { mode: 'secondary' }, $db: 'd' };
      expect(await b.ask(read)).toMatchObject({ cursor: { firstBatch: [{ _id: 'kept' }] } });

      await setPriorities(await primaryOf([a, c]), [1, 3, 1]);
      await stage.set.stepUp(b);
      await caughtUp([a, b, c]);
      await b.stop('SIGKILL');
      await primaryOf([a, c]);
      await b.start();
      const taken = await watchStates([a, b, c], (view) => view[b.host] === 'PRIMARY');
      expect(coursesOf(taken, [a, b, c])).toEqual(coursesOf(stage.timeline('130'), [a, b, c]));
    }),
);
