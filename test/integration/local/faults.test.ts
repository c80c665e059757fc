import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nameFault } from '../../../local/faults/fault';
import { openFaultKit, type FaultKit } from '../../../local/faults/fault-kit';
import { inNetns, runCommand } from '../../../local/stack/command';
import { findMember, planLayout, type StackLayout } from '../../../local/stack/layout';
import { raiseNetwork, removeNetwork } from '../../../local/stack/network';

const missing = process.getuid?.() === 0 ? undefined : 'network namespaces need root';
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`faults of a network skipped: ${missing}`);

const PORT = 9;
/** After the last of several datagrams was sent. */
const PATIENCE_MS = 500;

/** The bridge and namespaces of a stack, without a process in it; of the last index, which comes up last. */
const layout: StackLayout = planLayout({
  name: 'faultkit',
  index: 99,
  base: mkdtempSync(join(tmpdir(), 'faults-')),
  members: ['east', 'west', 'north'],
  temporalPort: 0,
  temporalUiPort: 0,
});

const netnsOf = (end: string): string | undefined => findMember(layout, end)?.netns;
const addressOf = (end: string): string => findMember(layout, end)?.address ?? layout.hostAddress;

/** Whether a datagram from one end arrives at the other: no answer is needed, so that one way can be told. */
async function hears(to: string, from: string): Promise<boolean> {
  const listen = `const s=require('dgram').createSocket('udp4');s.bind(${PORT},'${addressOf(to)}',()=>console.log('ready'));s.on('message',()=>process.exit(0))`;
  const send = `const s=require('dgram').createSocket('udp4');let n=0;const t=setInterval(()=>{s.send('x',${PORT},'${addressOf(to)}');if(++n>5){clearInterval(t);setTimeout(()=>s.close(),50)}},50)`;
  const [program = '', ...args] = inNetns(netnsOf(to), [process.execPath, '-e', listen]);
  const receiver = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const heard = new Promise<boolean>((resolve) => receiver.once('exit', (code) => resolve(code === 0)));
  await new Promise((resolve) => receiver.stdout.once('data', resolve));
  await runCommand(process.execPath, ['-e', send], { netns: netnsOf(from) });
  const timer = setTimeout(() => receiver.kill('SIGKILL'), PATIENCE_MS);
  try {
    return await heard;
  } finally {
    clearTimeout(timer);
  }
}

suite('faults of the network', () => {
  let kit: FaultKit;

  beforeAll(async () => {
    await removeNetwork(layout);
    await raiseNetwork(layout);
    kit = openFaultKit(layout);
  }, 30_000);

  afterAll(() => removeNetwork(layout), 30_000);

  const inForce = async (): Promise<string[]> => (await kit.list()).map(nameFault);

  it('silence one way, both ways, or a whole site, and nothing beside it', async () => {
    expect(await inForce()).toEqual([]);
    await kit.cause({ verb: 'mute', from: 'east', to: 'west' });
    await kit.cause({ verb: 'mute', from: 'east', to: 'west' });
    expect(await inForce()).toEqual(['mute east west']);
    expect(await hears('west', 'east')).toBe(false);
    expect(await hears('east', 'west')).toBe(true);
    expect(await hears('north', 'east')).toBe(true);
    await kit.cause({ verb: 'part', one: 'hub', other: 'north' });
    expect(await hears('north', 'hub')).toBe(false);
    expect(await hears('hub', 'north')).toBe(false);
    expect(await hears('east', 'north')).toBe(true);
    await kit.heal({ verb: 'mute', from: 'east', to: 'west' });
    expect(await inForce()).toEqual(['part hub north']);
    expect(await hears('west', 'east')).toBe(true);
    await kit.cause({ verb: 'cut', site: 'west' });
    expect(await inForce()).toEqual(['cut west', 'part hub north']);
    expect((await kit.healAll()).map(nameFault)).toEqual(['cut west', 'part hub north']);
    expect(await inForce()).toEqual([]);
    expect(await hears('north', 'hub')).toBe(true);
  }, 60_000);

  it('are healed by the end that they concern', async () => {
    await kit.cause({ verb: 'part', one: 'east', other: 'west' });
    await kit.cause({ verb: 'mute', from: 'north', to: 'hub' });
    expect((await kit.healAll('west')).map(nameFault)).toEqual(['part east west']);
    expect(await inForce()).toEqual(['mute north hub']);
    await kit.heal({ verb: 'mute', from: 'north', to: 'hub' });
    expect(await inForce()).toEqual([]);
  }, 30_000);
});
