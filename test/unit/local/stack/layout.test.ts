import { planLayout, type LayoutInput } from '../../../../local/stack/layout';
import { parseMemberKubeconfigs, parseMemberNames, readStackName } from '../../../../local/stack/stack-name';

const input = (name: string, index: number): LayoutInput => ({
  name,
  index,
  base: '/var/lib/fedstate-local',
  members: ['east', 'west', 'north'],
  temporalPort: 7233 + index * 10,
  temporalUiPort: 8233 + index * 10,
});

/** Everything of a layout that a second stack on the same machine must not share. */
function listClaims(name: string, index: number): string[] {
  const layout = planLayout(input(name, index));
  const members = layout.members.flatMap((member) => [
    member.netns,
    member.cable,
    member.address,
    member.etcdFolder,
    ...member.nodes.flatMap((node) => [
      node.folder,
      node.cgroupRoot,
      node.volumeFolder,
      node.containerdSocket,
    ]),
  ]);
  return [
    layout.root,
    layout.auditFolder,
    layout.bridge,
    layout.hostAddress,
    layout.loopback,
    layout.karmada.apiUrl,
    layout.karmada.etcdClientUrl,
    layout.temporal.address,
    layout.temporal.uiUrl,
    ...members,
  ];
}

describe('planLayout', () => {
  it('shares nothing between two stacks', () => {
    const first = listClaims('demo', 0);
    const second = new Set(listClaims('test', 1));
    expect(first.filter((claim) => second.has(claim))).toEqual([]);
    expect(new Set(first).size).toBe(first.length);
  });

  it('keeps interface names within 15 characters and sockets within 108', () => {
    const layout = planLayout({ ...input('a234567890123456', 99), members: ['abcdefgh'] });
    const names = [
      layout.bridge,
      ...layout.members.flatMap((m) => [m.cable, ...m.nodes.map((n) => n.cniBridge)]),
    ];
    expect(names.filter((name) => name.length > 15)).toEqual([]);
    const sockets = layout.members.flatMap((member) => member.nodes.map((node) => node.containerdSocket));
    expect(sockets.filter((socket) => socket.length >= 108)).toEqual([]);
  });

  it('gives each node an address, a zone and a pod subnet of its own', () => {
    const nodes = planLayout(input('demo', 0)).members.flatMap((member) => member.nodes);
    for (const key of ['address', 'zone', 'podSubnet', 'name'] as const) {
      expect(new Set(nodes.map((node) => node[key])).size).toBe(6);
    }
    expect(nodes.map((node) => node.zone)).toContain('east-b');
  });

  it('takes the addresses of clusters that are not its own', () => {
    const layout = planLayout({ ...input('site', 2), attached: { east: '192.0.2.7' } });
    expect(layout.attached).toBe(true);
    expect(layout.members[0]?.address).toBe('192.0.2.7');
  });
});

describe('names', () => {
  it('reads the stack from FEDSTATE_STACK', () => {
    expect(readStackName({})).toBe('demo');
    expect(readStackName({ FEDSTATE_STACK: 'bench-2' })).toBe('bench-2');
  });

  it.each(['', 'Demo', '../x', '1st', 'a'.repeat(17)])('refuses the stack name "%s"', (name) => {
    expect(() => readStackName({ FEDSTATE_STACK: name })).toThrow(/FEDSTATE_STACK/);
  });

  it('reads member names', () => {
    expect(parseMemberNames('a, b')).toEqual(['a', 'b']);
    expect(parseMemberNames(undefined)).toHaveLength(3);
  });

  it.each([
    ['karmada', /karmada/],
    ['toolongname', /toolongname/],
    ['a,a', /twice/],
    ['a,b,c,d,e,f,g,h,i,j', /at most 9/],
    ['', /--members/],
  ])('refuses --members %s', (text, message) => {
    expect(() => parseMemberNames(text)).toThrow(message);
  });

  it('reads kubeconfigs of members', () => {
    const files = parseMemberKubeconfigs(['east=/a b=c', 'site-2=/x']);
    expect([...files]).toEqual([
      ['east', '/a b=c'],
      ['site-2', '/x'],
    ]);
  });

  it.each([['east'], ['=file'], ['East=/x'], ['east=']])('refuses --member %s', (text) => {
    expect(() => parseMemberKubeconfigs([text])).toThrow(/--member/);
  });
});
