import { markOf, planSilence, readRules } from '../../../../local/faults/packet-filter';
import { planDetour } from '../../../../local/faults/slow-link';
import { readPlace, readTasks } from '../../../../local/faults/mongods';
import { planLayout } from '../../../../local/stack/layout';

const layout = planLayout({
  name: 'demo',
  index: 4,
  base: '/var/lib/x',
  members: ['east', 'west'],
  temporalPort: 7233,
  temporalUiPort: 8233,
});

const said = (words: string): string[] => {
  const [verb, one = '', other = ''] = words.split(' ');
  const fault =
    verb === 'mute' ? ({ verb, from: one, to: other } as const) : ({ verb: 'part', one, other } as const);
  return planSilence(layout, fault, words.split(' ')).map(
    ({ netns, table, chain, rule }) => `${netns} ${table} ${chain} ${rule.join(' ')}`,
  );
};

describe('rules of the packet filter', () => {
  it('drop at the receiver what comes from any node of a site, before anything else sees it', () => {
    const mark = '-m comment --comment fedstate-fault:mute:east:west -j DROP';
    expect(said('mute east west')).toEqual([
      `fedstate-demo-west raw PREROUTING -s 10.201.4.11/32 -i eth0 ${mark}`,
      `fedstate-demo-west raw PREROUTING -s 10.201.4.21/32 -i eth0 ${mark}`,
    ]);
  });

  it('drop at the sender what goes to the hub, whose own rules are left alone', () => {
    const mark = '-m comment --comment fedstate-fault:part:east:hub -j DROP';
    expect(said('part east hub')).toEqual([
      `fedstate-demo-east mangle POSTROUTING -d 10.201.4.1/32 -o eth0 ${mark}`,
      `fedstate-demo-east raw PREROUTING -s 10.201.4.1/32 -i eth0 ${mark}`,
    ]);
  });

  it('stand at both sites where two are parted', () => {
    expect(said('part east west').map((line) => line.split(' ')[0])).toEqual([
      'fedstate-demo-west',
      'fedstate-demo-west',
      'fedstate-demo-east',
      'fedstate-demo-east',
    ]);
  });

  it('are known again among those of others, with their fault', () => {
    const text = [
      '-P PREROUTING ACCEPT',
      '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
      `-A PREROUTING -s 10.201.4.11/32 -i eth0 ${markOf(['mute', 'east', 'west']).join(' ')} -j DROP`,
      '',
    ].join('\n');
    expect(readRules(text)).toEqual([
      {
        words: ['mute', 'east', 'west'],
        rule: '-s 10.201.4.11/32 -i eth0 -m comment --comment fedstate-fault:mute:east:west -j DROP'.split(
          ' ',
        ),
      },
    ]);
  });

  it('lead connections of a slow link to a port that nothing else has', () => {
    const [east] = layout.members;
    if (east === undefined) throw new Error('no member');
    const rules = planDetour(east, ['10.201.4.12'], [6443, 31017], ['slow', 'east', 'west', '200']);
    expect(rules.map(({ rule }) => rule.join(' ').replace(/ -m comment.*-j/, ' -j'))).toEqual([
      '-s 10.201.4.12/32 -d 10.201.4.11/32 -i eth0 -p tcp -m tcp --dport 6443 -j REDIRECT --to-ports 16443',
      '-s 10.201.4.12/32 -d 10.201.4.11/32 -i eth0 -p tcp -m tcp --dport 31017 -j REDIRECT --to-ports 21017',
    ]);
  });
});

describe('mongods of a node', () => {
  it('are those of its tasks that run', () => {
    const text = 'TASK    PID    STATUS    \nab12    4711    RUNNING\ncd34    0    STOPPED\n';
    expect(readTasks(text)).toEqual([{ id: 'ab12', pid: 4711 }]);
  });

  it('are told by the labels of their containers', () => {
    const labels = {
      'io.kubernetes.pod.namespace': 'shop',
      'io.kubernetes.pod.name': 'orders-mongodb-1-0',
      'io.kubernetes.container.name': 'mongo',
    };
    const place = { namespace: 'shop', instance: 'orders', cluster: 'east', ordinal: 1 };
    expect(readPlace('east', labels)).toEqual([place]);
    expect(readPlace('east', { ...labels, 'io.kubernetes.container.name': 'exporter' })).toEqual([]);
  });
});
