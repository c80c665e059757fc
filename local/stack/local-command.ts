import { parseArgs } from 'node:util';
import { FAULT_USAGE, runFaultCommand } from '../faults/fault-command';
import { attachStack } from './attach';
import { ATTACH_FLAGS, readAttachFlags } from './attach-flags';
import { resetStack, takeDown } from './down';
import { showLogs } from './logs';
import { describeStack } from './status';
import { StackError } from './stack-error';
import { parseMemberNames, readStackName } from './stack-name';
import { findStack, readBaseFolder } from './stack-registry';
import { bringUp } from './up';

const USAGE = `npm run local -- COMMAND
  up [--members east,west,north]   start the stack, or what is missing of it
     [--no-roles]                  clusters, Karmada and Temporal without FedState
  up --karmada KUBECONFIG --member NAME=KUBECONFIG …
     [--image REF] [--images-replace FROM=TO,…] [--image-pull-policy POLICY]
                                   FedState on clusters that exist already
  down                             stop it; data stays
  reset                            stop it and remove its data
  status                           processes, clusters, addresses
  logs [NAME] [-f]                 one process's log, or the list of logs
${FAULT_USAGE}
FEDSTATE_STACK names the stack (default demo).`;

/** Runs one command of the local stack. @throws StackError with its exit code */
export async function runLocalCommand(args: readonly string[]): Promise<void> {
  const [command, ...rest] = args;
  const base = readBaseFolder(process.env);
  const name = readStackName(process.env);
  switch (command) {
    case 'up':
      return up(base, name, rest);
    case 'down': {
      say((await takeDown(base, name)) ? `stack ${name} is down` : `stack ${name} does not exist`);
      return;
    }
    case 'reset': {
      say((await resetStack(base, name)) ? `stack ${name} is gone` : `stack ${name} does not exist`);
      return;
    }
    case 'status': {
      say(await describeStack(needStack(base, name)));
      return;
    }
    case 'logs':
      return logs(base, name, rest);
    case 'fault': {
      say(await runFaultCommand(needStack(base, name), rest));
      return;
    }
    default:
      throw new StackError(USAGE, 2);
  }
}

async function up(base: string, name: string, args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      members: { type: 'string' },
      'no-roles': { type: 'boolean' },
      ...ATTACH_FLAGS,
    },
  });
  const started = Date.now();
  const tell = (line: string): void =>
    say(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  const outside = readAttachFlags(values);
  const layout =
    outside === undefined
      ? await bringUp({
          base,
          name,
          members: values.members === undefined ? undefined : parseMemberNames(values.members),
          withRoles: values['no-roles'] !== true,
          tell,
        })
      : await attachStack({ base, name, outside, tell });
  tell(`stack ${name} is up`);
  say(`Temporal UI ${layout.temporal.uiUrl}`);
  for (const cluster of [layout.karmada, ...layout.members]) say(`KUBECONFIG=${cluster.kubeconfig}`);
}

async function logs(base: string, name: string, args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { follow: { type: 'boolean', short: 'f' } },
    allowPositionals: true,
  });
  await showLogs(needStack(base, name), positionals[0], values.follow === true);
}

function needStack(base: string, name: string) {
  const layout = findStack(base, name);
  if (layout === undefined) throw new StackError(`Stack ${name} does not exist: npm run local -- up`, 1);
  return layout;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
