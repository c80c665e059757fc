import { getConfigSchema, type RawConfig } from '../../../src/mongodb/answers';
import { editConfig } from '../../../src/mongodb/config-edit';
import { member } from '../planner/server-model';
import { kindThrownBy, readGoldens } from './goldens';

const config = (): RawConfig => getConfigSchema.parse(readGoldens().answer('config')).config;
const first = { memberId: 0, host: '127.0.41.1:27017' };

describe('editing a recorded configuration', () => {
  test('fields that we do not know travel along untouched', () => {
    const before = {
      ...config(),
      members: config().members.map((entry) => ({ ...entry, horizons: { out: 'x:1' } })),
    };
    const after = editConfig(before, { kind: 'setPriority', ...first, priority: 7 }, 4);
    expect(after).toEqual({
      ...before,
      members: before.members.map((entry) => (entry._id === 0 ? { ...entry, priority: 7 } : entry)),
    });
    expect(after['protocolVersion']).toBe(1);
    expect(after.settings).toBe(before.settings);
  });

  test('a step that is done already changes nothing, so that it can be repeated (S3)', () => {
    const once = config();
    const added = { kind: 'addMember' as const, members: [member(9, 'n:1', { votes: 0, priority: 0 })] };
    const twice = editConfig(once, added, 4);
    expect(twice).not.toBe(once);
    expect(editConfig(twice, added, 4)).toBe(twice);
    const removal = { kind: 'removeMember' as const, members: [{ memberId: 9, host: 'n:1' }] };
    const back = editConfig(twice, removal, 4);
    expect(back).toEqual(once);
    expect(editConfig(back, removal, 4)).toBe(back);
    const moved = { kind: 'setMemberFields' as const, ...first, newHost: 'new:1' };
    const there = editConfig(once, moved, 4);
    expect(there.members[0]?.host).toBe('new:1');
    expect(editConfig(there, moved, 4)).toBe(there);
  });

  test('a vote and its priority go together (S5)', () => {
    const after = editConfig(config(), { kind: 'revokeVote', ...first }, 4);
    expect(after.members[0]).toMatchObject({ votes: 0, priority: 0 });
  });

  test.each([
    [4, 'slaveDelay'],
    [7, 'secondaryDelaySecs'],
  ])('version %i calls the delay %s', (major, field) => {
    const delayed = member(9, 'n:1', { votes: 0, priority: 0, hidden: true, secondaryDelaySecs: 60 });
    const added = editConfig(config(), { kind: 'addMember', members: [delayed] }, major);
    const names = Object.keys(added.members.at(-1) ?? {}).filter((name) => /delay/i.test(name));
    expect(names).toEqual([field]);
    const set = { kind: 'setMemberFields' as const, ...first, secondaryDelaySecs: 60 };
    expect(editConfig(config(), set, major).members[0]?.[field]).toBe(60);
  });

  test('a step for a member that is no longer there is superseded, not guessed', () => {
    const stale = { kind: 'grantVote' as const, memberId: 0, host: 'other:1' };
    expect(kindThrownBy(() => editConfig(config(), stale, 4))).toBe('Superseded');
    const reused = { kind: 'addMember' as const, members: [member(0, 'n:1', { votes: 0, priority: 0 })] };
    expect(kindThrownBy(() => editConfig(config(), reused, 4))).toBe('Superseded');
    const other = { kind: 'removeMember' as const, members: [{ memberId: 0, host: 'n:1' }] };
    expect(kindThrownBy(() => editConfig(config(), other, 4))).toBe('Superseded');
  });
});
