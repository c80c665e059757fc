import { findMember, type MemberLayout, type StackLayout } from './layout';
import { cutMember, healMember } from './network';
import { StackError } from './stack-error';
import { connectSupervisor } from './supervisor-client';

export type Fault = 'kill' | 'stop' | 'start' | 'freeze' | 'thaw' | 'cut' | 'heal';

/**
 * One fault, or its end. `kill` is kill -9 (the supervisor starts it again), `stop` keeps it down until `start`,
 * `freeze` is SIGSTOP until `thaw`, `cut` takes the member's cable away until `heal`.
 * @throws StackError (2) naming the processes or members that there are
 */
export async function runFault(
  layout: StackLayout,
  fault: Fault,
  target: string | undefined,
): Promise<string> {
  if (fault === 'cut' || fault === 'heal') {
    if (layout.attached) throw new StackError('The clusters of this stack are not its own to cut.', 2);
    const member = needMember(layout, target);
    await (fault === 'cut' ? cutMember(member) : healMember(member));
    return `${member.name} is ${fault === 'cut' ? 'cut off' : 'connected again'}`;
  }
  const supervisor = connectSupervisor(layout);
  const names = (await supervisor.list()).map((record) => record.spec.name);
  if (target === undefined || !names.includes(target)) {
    throw new StackError(`No process is named "${target ?? ''}". There are: ${names.join(', ')}.`, 2);
  }
  switch (fault) {
    case 'kill':
      await supervisor.signal(target, 'SIGKILL');
      return `${target} was killed`;
    case 'stop':
      await supervisor.stop(target);
      return `${target} is stopped`;
    case 'start':
      await supervisor.start(target);
      return `${target} is started`;
    case 'freeze':
      await supervisor.signal(target, 'SIGSTOP');
      return `${target} is frozen`;
    case 'thaw':
      await supervisor.signal(target, 'SIGCONT');
      return `${target} goes on`;
  }
}

function needMember(layout: StackLayout, name: string | undefined): MemberLayout {
  const member = findMember(layout, name ?? '');
  if (member !== undefined) return member;
  const names = layout.members.map((other) => other.name).join(', ');
  throw new StackError(`No member is named "${name ?? ''}". There are: ${names}.`, 2);
}
