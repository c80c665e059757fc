import { mergeConditions, type Condition } from '../../../src/domain/condition';

const before: Condition[] = [
  { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'A', message: 'm' },
];

describe('mergeConditions', () => {
  it('keeps the transition time while the status does not flip, and takes the new message', () => {
    const [ready] = mergeConditions(
      before,
      [{ type: 'Ready', status: 'True', reason: 'B', message: 'n' }],
      'now',
    );
    expect(ready).toEqual({
      type: 'Ready',
      status: 'True',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      reason: 'B',
      message: 'n',
    });
  });

  it('moves the transition time when the status flips', () => {
    const [ready] = mergeConditions(before, [{ type: 'Ready', status: 'False' }], 'now');
    expect(ready?.lastTransitionTime).toBe('now');
  });

  it('appends new types and keeps the order of old ones', () => {
    const merged = mergeConditions(
      before,
      [
        { type: 'Paused', status: 'False' },
        { type: 'Ready', status: 'True' },
      ],
      'now',
    );
    expect(merged.map((condition) => condition.type)).toEqual(['Ready', 'Paused']);
  });
});
