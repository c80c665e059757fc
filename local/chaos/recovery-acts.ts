import { sleep } from '../stack/command';
import {
  awaitCarriedOut,
  isCarriedOut,
  type ChangeAct,
  type ChangedLife,
  type Surroundings,
} from './change-act';
import { askUntil, awaitClusters } from './chaos-stack';
import { oneEach } from './inventory';
import { approvePlan, findPresence, restoreCluster, sendUpdate } from './majority-recovery';
import { readSubject } from './subject';

/** Short, so that a run has time for many. */
const FAILOVER = { mode: 'Auto', failback: 'Auto', delaySeconds: 20 } as const;
const FAILOVER_SECONDS = 420;
const FAILBACK_SECONDS = 600;
/** Of the writer's last second before the majority was gone: acknowledged by two that are cut off. */
const LAST_WRITES = 20;

/** Its members are replaced by themselves; the cluster is given back when the last stroke has fallen. */
export const FAILOVER_ACT: ChangeAct = {
  members: 3,
  kind: 'failoverInstance',
  failover: FAILOVER,
  begin: loseOne,
  end: giveBack,
  lackAfter: (life, status) =>
    isCarriedOut(life, status, 'failbackInstance') ? undefined : 'no failback was carried out',
  sharesAfter: oneEach,
};

/** The way back, after a failover that nothing disturbed. */
export const FAILBACK_ACT: ChangeAct = {
  members: 3,
  kind: 'failbackInstance',
  failover: FAILOVER,
  prepare: async (around) => {
    await loseOne(around);
    await awaitCarriedOut(around, 'failoverInstance', FAILOVER_SECONDS);
  },
  begin: giveBack,
  sharesAfter: oneEach,
};

/** Two of three are gone, a person has the third one go on, and gives the two back afterwards by the runbook. */
export const RECOVERY_ACT: ChangeAct = {
  members: 3,
  kind: 'recoverInstance',
  failover: FAILOVER,
  mayLose: LAST_WRITES,
  prepare: async (around) => {
    for (const site of lostOf(around)) await around.kit.cause({ verb: 'cut', site });
    await Promise.all(
      around.lives.map(({ subject }) =>
        askUntil(`${subject.name} to miss its majority`, FAILOVER_SECONDS, around.signal, async () => {
          const status = (await readSubject(around.stack, subject))?.status;
          const reason = await findPresence(around.stack, status);
          return reason === undefined ? { answer: true } : { reason };
        }),
      ),
    );
  },
  begin: async (around) => {
    await Promise.all(
      around.lives.map((life) =>
        sendUpdate(around.stack, life, 'recoverMajority', { by: 'chaos', why: 'two are gone' }),
      ),
    );
  },
  attend: async (around, signal) => {
    await Promise.all(around.lives.map((life) => keepApproving(around, life, signal)));
  },
  end: async (around) => {
    await awaitCarriedOut(around, 'failoverInstance', FAILOVER_SECONDS);
    await giveBack(around);
    await awaitClusters(around.stack, around.signal);
    await Promise.all(around.lives.map((life) => restoreClusters(around, life)));
  },
  sharesAfter: oneEach,
};

const lostOf = ({ stack }: Surroundings): readonly string[] => [...stack.members.keys()].slice(1);

async function loseOne({ stack, kit }: Surroundings): Promise<void> {
  const site = [...stack.members.keys()].at(-1) ?? '';
  await kit.cause({ verb: 'cut', site });
}

async function giveBack({ kit }: Surroundings): Promise<void> {
  await kit.healAll();
}

/** As a person does who is asked again: a plan that was made afresh waits for a word of its own. */
async function keepApproving({ stack }: Surroundings, life: ChangedLife, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await approvePlan(stack, life);
    await sleep(1_000);
  }
}

async function restoreClusters(around: Surroundings, life: ChangedLife): Promise<void> {
  const { stack, signal } = around;
  for (const [index, cluster] of lostOf(around).entries()) {
    await askUntil(`failback of ${life.subject.name} to ${cluster}`, FAILBACK_SECONDS, signal, async () => {
      const reason = await restoreCluster(stack, life, cluster, index + 1);
      return reason === undefined ? { answer: true } : { reason };
    });
  }
}
