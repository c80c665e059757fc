import type { Change } from '../activities/change-plan';
import type { ObjectChange } from '../activities/object-changes';
import type { ChangePlan, QuorumView } from '../domain/plan';

const MARKS: Readonly<Record<ObjectChange['what'], string>> = { made: '+', changed: '~', removed: '-' };

/** The dry run as text. Pure. */
export function describeDryRun(
  { plan, layout, placement }: Pick<Change, 'plan' | 'layout' | 'placement'>,
  objects: readonly ObjectChange[],
  /** Of a placement that stands. */
  standing: readonly string[] = [],
): string {
  const shares = layout.shares.map(
    (share) => `${share.cluster} ${share.replicaset}${share.arbiter ? ' + arbiter' : ''}`,
  );
  return [
    '',
    placement === undefined ? 'Placement (stands)' : 'Placement (new)',
    `  ${shares.join(', ')}`,
    ...(placement?.reasons ?? []).map(
      ({ cluster, chosen, reason }) => `  ${chosen ? '✓' : '·'} ${cluster}: ${reason}`,
    ),
    ...(placement?.warnings ?? standing).map((warning) => `  ! ${warning}`),
    '',
    ...describeSteps(plan),
    '',
    objects.length === 0 ? 'Objects on Karmada: none would change' : 'Objects on Karmada',
    ...objects.map(({ what, object }) => `  ${MARKS[what]} ${object}`),
    '',
  ].join('\n');
}

function describeSteps(plan: ChangePlan): string[] {
  if (plan.steps.length === 0) return ['Steps: none, all is as asked for'];
  return [
    `Steps (plan ${plan.hash}, risk ${plan.risk}${plan.provisional ? '; addresses of new members come on the way' : ''})`,
    `  now: ${describeView(plan.before)}`,
    ...plan.steps.map((step, index) => {
      const { margin = 0, fatal = [] } = plan.margins?.[index] ?? {};
      const loss = fatal.length === 0 ? '' : `, not ${fatal.join(', ')}`;
      const effect = step.effect === 'none' ? step.proof : step.effect;
      return `  ${index + 1}. ${step.kind}: ${effect} [${step.risk}; may lose ${Math.max(0, margin)}${loss}]`;
    }),
    `  then: ${describeView(plan.after)}`,
    ...plan.warnings.map((warning) => `  ! ${warning}`),
  ];
}

function describeView({ votes, majority, margin, losses }: QuorumView): string {
  if (votes === 0) return 'no replica set';
  const fatal = losses.filter((loss) => loss.fatal).map((loss) => loss.cluster);
  const members = margin <= 0 ? 'no member' : margin === 1 ? '1 member' : `${margin} members`;
  const sites =
    fatal.length === 0
      ? ' or any one cluster'
      : fatal.length < losses.length
        ? ` or a cluster other than ${fatal.join(', ')}`
        : ', no cluster';
  return `${votes} votes, majority ${majority}, may lose ${members}${sites}`;
}
