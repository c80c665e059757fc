import type { Boundary } from '../../local/chaos/boundary';
import { listFaults } from '../../local/chaos/faults';
import { planMatrix } from '../../local/chaos/matrix';
import { chooseSeed, createRandom } from '../../local/chaos/random';
import type { Finding } from '../../local/chaos/row';
import { withHookedStack } from '../../local/chaos/session';
import { runVolley } from '../../local/chaos/volley';
import { closeEnvironment, missingEnvironment, readEnvironment } from '../support/environment';

const missing = missingEnvironment() ?? findMissingStack();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

const SEED = chooseSeed(process.env);
const LIVES = 3;
// Other suites speak with the API servers and Temporal meanwhile: `npm run chaos` kills those too.
const NOBODY_ELSE_ASKS: ReadonlySet<string> = new Set([
  'worker',
  'controller',
  'manager',
  'managers',
  'karmada',
]);

/** Where effects lie that must not be made twice; `npm run chaos -- create` finds every boundary by itself. */
const CREATE = [
  'placeInstance',
  'prepareCredentials',
  'dispatchInstance',
  'awaitMembers',
  'executeStep initiate',
  'executeStep createUsers',
  'publishConnection',
  'verifyInstance',
  'recordOperation',
];
const DELETE = [
  'liftPreservation',
  'deleteTemplates',
  'awaitRemoval',
  'deletePolicies',
  'releaseInstance',
  'recordOperation',
];

const boundariesOf = (activities: readonly string[]): Boundary[] =>
  activities.flatMap((activity) => [
    { activity, phase: 'before' },
    { activity, phase: 'after' },
  ]);

function findMissingStack(): string | undefined {
  const environment = readEnvironment();
  closeEnvironment(environment);
  return environment.stack === undefined ? 'no stack whose processes could be killed' : undefined;
}

suite(`kill -9 at the boundaries of activities (seed ${SEED})`, () => {
  it('ends in one healthy set and, when removed, in nothing', async () => {
    const environment = readEnvironment();
    const { stack: layout } = environment;
    closeEnvironment(environment);
    if (layout === undefined) throw new Error('the stack is gone');
    const random = createRandom(SEED);
    const { signal } = new AbortController();
    const findings: Finding[] = [];
    await withHookedStack({ layout, random, signal, tell: () => undefined }, async (context) => {
      const faults = (await listFaults(context.stack)).filter(({ name }) => NOBODY_ELSE_ASKS.has(name));
      const facts = {
        faults,
        create: boundariesOf(CREATE),
        delete: boundariesOf(DELETE),
        image: 'mongo:4.2',
      };
      const [volley] = planMatrix({ ...facts, seed: SEED, together: LIVES, strokes: 1, lives: LIVES });
      if (volley === undefined) throw new Error('no fault can be had here');
      await runVolley(context, volley.fault, volley.lives, (some) => {
        findings.push(...some);
      });
    });
    expect(findings).toHaveLength(2 * LIVES);
    expect(findings.filter((finding) => finding.outcome !== 'passed')).toEqual([]);
  }, 600_000);
});
