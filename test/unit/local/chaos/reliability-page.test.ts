import { renderChanges, renderResult } from '../../../../local/chaos/reliability-page';
import type { Row } from '../../../../local/chaos/row';

const row = (facts: Partial<Row>): Row => ({
  fault: 'worker',
  operation: 'create',
  step: 'before placeInstance',
  outcome: 'passed',
  problems: [],
  resumed: 31.4,
  engine: 'stand-in 4.2.24',
  life: 'worker-1',
  seed: 7,
  commit: 'abc1234',
  at: '2026-11-26T15:00:00.000Z',
  ...facts,
});

const facts = {
  seed: 7,
  together: 4,
  strokes: 1,
  planned: 3,
  lived: 2,
  steps: { create: ['before placeInstance', 'after placeInstance'], delete: ['before releaseInstance'] },
};

describe('the result table', () => {
  it('has a cell for each fault and step, the worst of several, and says what did not run', () => {
    const text = renderResult(
      [
        row({}),
        row({ resumed: 62.1 }),
        row({ fault: 'karmada', step: 'after placeInstance', resumed: 20 }),
        row({ operation: 'delete', step: 'before releaseInstance', resumed: undefined, seconds: 9 }),
      ],
      facts,
    );
    expect(text).toContain('seed 7; engine stand-in 4.2.24. 2 of 3 lives');
    expect(text).toContain('| step | worker | karmada |');
    expect(text).toContain('| before placeInstance | 62 | · |');
    expect(text).toContain('| after placeInstance | · | 20 |');
    expect(text).toContain('| before releaseInstance | 9 | · |');
    expect(text).not.toContain('What was wrong');
  });

  it('of changes has a table for each of them', () => {
    const steps = new Map([['upgrade', ['after carryOutStep soak']]] as const);
    const text = renderChanges(
      [
        row({
          operation: 'upgrade',
          step: 'after carryOutStep soak',
          engine: 'stand-in 4.4.29',
          seconds: 130,
        }),
      ],
      { seed: 7, together: 2, strokes: 1, steps },
    );
    expect(text).toContain('Upgrade to the next release: passed, and seconds');
    expect(text).toContain('| after carryOutStep soak | 31 |');
    expect(text).toMatch(/\| `worker` \|[^|]*\| 1 \| 0 \| 0 \| 130 \/ 130 \|/);
  });

  it('shows a failure over any pass of the same step, with what was wrong', () => {
    const problems = ['too many: east StatefulSet orders-mongodb-1'];
    const text = renderResult([row({}), row({ outcome: 'failed', problems })], facts);
    expect(text).toContain('| before placeInstance | **failed** |');
    expect(text).toContain('too many: east StatefulSet orders-mongodb-1');
    expect(text).toMatch(/\| `worker` \|[^|]*\| 1 \| 1 \| 0 \|/);
  });
});
