import { chooseSeed, createRandom, shuffle } from '../../../local/chaos/random';
import type { Scenario } from '../../../local/chaos/scenario';
import { listScenarios } from '../../../local/chaos/scenarios';
import { calmDown, withOpenStack } from '../../../local/chaos/session';
import { runTrial } from '../../../local/chaos/trial';
import type { StackLayout } from '../../../local/stack/layout';
import { closeEnvironment, missingEnvironment, readEnvironment } from '../../support/environment';

const SEED = chooseSeed(process.env);
const DURATIONS = { apiDownSeconds: 60, controlLostSeconds: 60 };
/** The one that all is about, at a delay that saves time; `npm run chaos -- failover` lives through all of them. */
const ALWAYS = 'primary-cluster-lost';
const DELAY_SECONDS = 20;
/** One of the others that take no longer, by chance. */
const AT_TIMES: ReadonlySet<string> = new Set([
  ...['primary-killed', 'volume-emptied', 'two-lost', 'majority-lost', 'hub-blind'],
  ...['partition-pair', 'partition-primary', 'partition-one-way'],
  ...['karmada-down', 'temporal-down', 'worker-down'],
]);

const layout = findStack();
const missing = missingEnvironment() ?? (layout === undefined ? 'no stack that could be harmed' : undefined);
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

function findStack(): StackLayout | undefined {
  if (missingEnvironment() !== undefined) return undefined;
  const environment = readEnvironment();
  closeEnvironment(environment);
  return environment.stack?.attached === true ? undefined : environment.stack;
}

suite(`an instance under the writes of several clients (seed ${SEED})`, () => {
  const random = createRandom(SEED);
  const all = listScenarios(layout?.members.map(({ name }) => name) ?? []);
  const lost = all
    .filter(({ name }) => name === ALWAYS)
    .map((scenario): Scenario => ({ ...scenario, delaySeconds: DELAY_SECONDS }));
  const [other] = shuffle(
    all.filter(({ name }) => AT_TIMES.has(name)),
    random,
  );
  const chosen = [...lost, ...(other === undefined ? [] : [other])];

  it.each(chosen)(
    'lives through $name: $expected',
    async (scenario) => {
      if (layout === undefined) throw new Error('the stack is gone');
      const { signal } = new AbortController();
      const facts = { layout, signal, tell: () => undefined };
      await withOpenStack(facts, async (stack) => {
        await calmDown({ stack, signal });
        const context = { ...facts, stack, image: 'mongo:7.0', durations: DURATIONS };
        const finding = await runTrial(context, scenario, `${scenario.name}-e2e`, random);
        console.info(`${scenario.name}: ${finding.struck} → ${finding.actual}`);
        expect(finding).toMatchObject({ outcome: 'passed', problems: [], lost: 0 });
        expect(finding.acknowledged).toBeGreaterThan(0);
      });
    },
    900_000,
  );
});
