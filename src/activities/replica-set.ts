import { cancellationSignal } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isFedStateError, messageOf } from '../domain/errors';
import { writablePrimary } from '../domain/health';
import { ANNOTATIONS } from '../domain/marks';
import { REPLICA_SET_NAME } from '../domain/names';
import { done, waitFor, type StageResult } from '../domain/operation';
import type { StepOutcome } from '../domain/outage';
import type { MembershipStep, Plan } from '../domain/plan';
import type { ReplicaSetObservation } from '../domain/replica-set';
import type { Access } from '../mongodb/connect';
import { executeStep } from '../mongodb/execute-step';
import { observeReplicaSet } from '../mongodb/observe';
import { canSystemUsersSignIn, ensureApplicationUsers, type SystemPasswords } from '../mongodb/users';
import { planMembership } from '../planner/plan-membership';
import { readApplicationUsers } from './application-users';
import { annotateInstance, loadInstance, type ActivityContext, type InstanceInput } from './context';
import { readCredentials, type InstanceCredentials } from './credentials';
import { withHeartbeat } from './heartbeat';
import { isCreated } from './instance-marks';
import { desiredMembers, knownHosts, readLayout } from './layout';

export interface StepInput extends InstanceInput {
  readonly step: MembershipStep;
}

export function createReplicaSetActivities(context: ActivityContext) {
  return {
    /** What is to be done now; an empty plan when the set is as desired. */
    async planReplicaSet({ instance }: InstanceInput): Promise<StageResult<Plan>> {
      const cr = await loadInstance(context, instance);
      const layout = await readLayout(context, cr);
      if (!layout.done) return layout;
      const desired = desiredMembers(cr, layout.value);
      const { seed } = layout.value;
      const seedHost = desired.find(
        (member) => member.cluster === seed.cluster && member.ordinal === seed.ordinal,
      )?.host;
      if (seedHost === undefined) {
        return waitFor({
          code: 'MembersNotReady',
          message: `${seed.cluster}/${seed.ordinal}, the member to initiate, has no address yet.`,
        });
      }
      const credentials = await readCredentials(context, cr);
      const observation = await observe(
        desired.map((member) => member.host),
        credentials,
      );
      const outcome = planMembership({
        setName: REPLICA_SET_NAME,
        generation: cr.metadata.generation ?? 0,
        desired,
        observation,
        seedHost,
        existed: isCreated(cr),
        usersReady: await haveUsers(observation, credentials),
      });
      switch (outcome.kind) {
        case 'refusal':
          return waitFor({
            code: 'ReplicaSet',
            message: `Refused by rule ${outcome.rule}: ${outcome.message}`,
          });
        case 'wait':
          return waitFor({ code: 'MembersUnreachable', message: outcome.reason });
        case 'plan':
          // Recorded before the first attempt: from now on no other member may ever be initiated.
          if (outcome.plan.steps.some((step) => step.kind === 'initiate')) {
            await annotateInstance(context, cr, {
              [ANNOTATIONS.seedMember]: `${seed.cluster}/${seed.ordinal}`,
            });
          }
          return done(outcome.plan);
      }
    },

    /** Carries out one step of a plan; proves it and says in one line what came of it, and what it cost in writes. */
    async executeStep({ instance, step }: StepInput): Promise<string | StepOutcome> {
      const cr = await loadInstance(context, instance);
      const credentials = await readCredentials(context, cr);
      const hosts = await readHosts(context, cr);
      let writeOutageMs: number | undefined;
      const told = await withHeartbeat(step.kind, (tell) =>
        executeStep(step, {
          hosts,
          keyfile: credentials.keyfile,
          passwords: passwordsOf(credentials),
          options: { signal: cancellationSignal() },
          onProgress: tell,
          onOutage: (ms) => {
            writeOutageMs = ms;
          },
        }),
      );
      return writeOutageMs === undefined ? told : { told, writeOutageMs };
    },

    /** Application users of `spec.users`; the system's own come with the plan. */
    async ensureUsers({ instance }: InstanceInput): Promise<StageResult<string>> {
      const cr = await loadInstance(context, instance);
      const asked = await readApplicationUsers(context, cr);
      if ('wait' in asked) return waitFor(asked.wait);
      const { users } = asked;
      if (users.length === 0) return done('none asked for');
      const credentials = await readCredentials(context, cr);
      const observation = await observe(await readHosts(context, cr), credentials);
      const primary = writablePrimary(observation.reports);
      if (primary === undefined)
        return waitFor({ code: 'ReplicaSet', message: 'No primary that a majority follows.' });
      try {
        await ensureApplicationUsers(primary.host, accessOf(credentials), users);
      } catch (error) {
        // A role that does not exist, for one: the server alone knows those that people have made.
        if (!isFedStateError(error, 'Refused')) throw error;
        return waitFor({
          code: 'SpecRefused',
          message: `spec.users: ${error.message}. Correct the user's roles, or create what is missing.`,
        });
      }
      return done(users.map((user) => user.name).join(', '));
    },
  };
}

/** The set as its members tell it; without credentials nobody can be asked, which is not a failure of the question. */
export async function observeInstance(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  hosts: readonly string[],
): Promise<ReplicaSetObservation> {
  try {
    return await observe(hosts, await readCredentials(context, cr));
  } catch (error) {
    if (!isFedStateError(error, 'NotFound')) throw error;
    const reason = messageOf(error);
    return {
      at: context.now().toISOString(),
      reports: [],
      unreachable: hosts.map((host) => ({ host, reason })),
    };
  }
}

function observe(hosts: readonly string[], credentials: InstanceCredentials): Promise<ReplicaSetObservation> {
  return observeReplicaSet(hosts, accessOf(credentials));
}

export const accessOf = (credentials: InstanceCredentials): Access => ({
  credentials: { kind: 'keyfile', key: credentials.keyfile },
});

const passwordsOf = (credentials: InstanceCredentials): SystemPasswords => ({
  root: credentials.rootPassword,
  clusterAdmin: credentials.clusterAdminPassword,
  clusterMonitor: credentials.clusterMonitorPassword,
});

/** Whether the system's users sign in at the primary. While passwords are being changed, that change sees to it. */
export async function haveUsers(
  observation: ReplicaSetObservation,
  credentials: InstanceCredentials,
): Promise<boolean> {
  if (credentials.changing) return true;
  const primary = writablePrimary(observation.reports);
  return primary !== undefined && canSystemUsersSignIn(primary.host, passwordsOf(credentials));
}

async function readHosts(context: ActivityContext, cr: MultiCloudMongoDB): Promise<string[]> {
  const layout = await readLayout(context, cr);
  return layout.done ? knownHosts(cr, layout.value) : [];
}
