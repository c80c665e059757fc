import type { StepFacts } from '../domain/plan';
import type { RotationFacts } from '../domain/rotation';
import type { InstanceMember } from './instance-member';
import { planRestarts, type StepsOrVerdict } from './plan-restarts';
import type { SetState } from './set-state';
import { simulate } from './simulate';

/** Passwords need a primary and no restart: they come before everything that restarts members. */
export const planPasswords = ({ passwords }: RotationFacts): StepFacts[] =>
  passwords.length === 0 ? [] : [{ kind: 'rotatePasswords', users: passwords }];

/**
 * Restarts that are due, and around them the change of the keyfile (S23): both keys, all restarted, the new one alone,
 * all restarted, the old one proved to be refused. Taken back while both are in the file: the old one alone, and those
 * that had taken both restarted again.
 */
export function planRotation(
  start: SetState,
  members: readonly InstanceMember[],
  rotation: RotationFacts,
): StepsOrVerdict {
  const staying = members.filter(({ wanted }) => wanted);
  const steps: StepFacts[] = [];
  const restart = (due: readonly InstanceMember[], namesHeir: boolean): StepsOrVerdict | undefined => {
    const restarts = planRestarts(simulate(steps, start, false).end, due, namesHeir);
    if (restarts.kind !== 'steps') return restarts;
    steps.push(...restarts.steps);
    return undefined;
  };
  const changesMonitor = rotation.passwords.includes('clusterMonitor');
  if (changesMonitor || !rotation.taken) steps.push({ kind: 'shareCredentials' });
  const isDue = ({ restart: due, ordinal }: InstanceMember): boolean =>
    due || (changesMonitor && rotation.exporters && ordinal !== 'arbiter');
  const due = staying.filter(isDue);
  const rewrite = (keys: 'old' | 'both' | 'new'): void => {
    steps.push({ kind: 'writeKeyfile', keys }, { kind: 'shareCredentials' });
  };
  const finish = (): void => {
    steps.push({ kind: 'retireKey' });
  };
  const renew = (): StepsOrVerdict | undefined => {
    rewrite('new');
    const stopped = restart(staying, false);
    if (stopped === undefined) finish();
    return stopped;
  };
  const settled = rotation.taken ? due : staying;
  const planPhase = (): StepsOrVerdict | undefined => {
    switch (rotation.keyfile) {
      case 'one':
        if (!rotation.wantsKey) return restart(due, false);
        rewrite('both');
        return restart(staying, true) ?? renew();
      case 'both':
        if (rotation.wantsKey) return restart(settled, true) ?? renew();
        rewrite('old');
        return restart(staying, false);
      case 'new': {
        const stopped = restart(settled, false);
        if (stopped === undefined) finish();
        return stopped;
      }
    }
  };
  return planPhase() ?? { kind: 'steps', steps };
}
