import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UNEXERCISED } from '../../audit/unexercised';
import { describeGrant, readDeployedRights, type Grant } from '../../support/access-grants';

const text = readFileSync(join(__dirname, '../../../docs/architecture.md'), 'utf8');

/** `account on plane: verb resource`, for each resource and verb of each row. */
function readTable(): string[] {
  const section = /\n## Rights\n([\s\S]*?)(?=\n## |$)/.exec(text)?.[1] ?? '';
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  return rows.flatMap(([, account = '', plane = '', what = '', may = '', why = '']) => {
    expect(why).not.toBe('');
    return what
      .split(', ')
      .flatMap((resource) =>
        may
          .split(', ')
          .map((verb) => `${bare(account)} on ${plane.toLowerCase()}: ${verb} ${bare(resource)}`),
      );
  });
}

const bare = (cell: string): string => cell.replaceAll('`', '');

function lineOf({ plane, subject, verb, target }: Grant): string {
  const what =
    'path' in target
      ? target.path
      : [target.resource, ...(target.name === undefined ? [] : [target.name])].join(' ');
  return `${subject.replace(/^.*:/, '')} on ${plane}: ${verb} ${what}`;
}

test('the table of rights says what deploy/rbac gives, no less and no more', () => {
  const { karmada, member } = readDeployedRights();
  const given = [...karmada.grants, ...member.grants].filter(({ subject }) =>
    // Groups stand there as a sign for Karmada's proxy, and hold nothing.
    subject.startsWith('system:serviceaccount:'),
  );
  expect(readTable().sort()).toEqual(given.map(lineOf).sort());
});

test('every excuse for a right that the end-to-end suite cannot use names one that is given, and a suite that is there', () => {
  const { karmada, member } = readDeployedRights();
  const given = [...karmada.grants, ...member.grants].map(describeGrant);
  const excused = UNEXERCISED.map(({ grant }) => grant);
  expect(excused.filter((grant) => !given.includes(grant))).toEqual([]);
  expect(new Set(excused).size).toBe(excused.length);
  for (const { test: suite } of UNEXERCISED)
    if (suite !== undefined)
      expect([suite, existsSync(join(__dirname, '../../..', suite))]).toEqual([suite, true]);
});
