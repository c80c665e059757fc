import { isLasting, nameFault } from '../../../../local/faults/fault';
import { parseFault } from '../../../../local/faults/parse-fault';

const KNOWN = { sites: ['east', 'west'], processes: ['worker', 'east-apiserver'] };

const parse = (text: string) => parseFault(text.split(' '), KNOWN);

describe('a fault on the command line', () => {
  it.each([
    'cut east',
    'part east west',
    'part hub west',
    'mute west hub',
    'slow east west 200',
    'stop east-apiserver',
    'freeze worker',
    'kill worker',
    'kill shop/orders/east/0',
    'freeze shop/orders/west/arbiter',
    'empty shop/orders/east/1',
  ])('%s is read, and written the same', (text) => {
    expect(nameFault(parse(text))).toBe(text);
  });

  it.each([
    ['burn east', 'No fault is named "burn". There are: cut, part'],
    ['cut south', 'No site is named "south". There are: east, west.'],
    ['cut hub', 'No site is named "hub"'],
    ['cut', 'Use: fault cut SITE'],
    ['part east', 'Use: fault part SITE OTHER'],
    ['part east south', 'There are: east, west, hub.'],
    ['mute east east', 'A link has two ends'],
    ['slow east west soon', 'MS is "soon"'],
    ['slow east west 0', 'MS is "0"'],
    ['stop shop/orders/east/0', 'No process is named'],
    ['kill west-apiserver', 'There are: worker, east-apiserver.'],
    ['kill shop/orders/east', 'use NAMESPACE/INSTANCE/CLUSTER/ORDINAL'],
    ['empty shop/orders/south/0', 'No site is named "south"'],
  ])('%s is refused: %s', (text, said) => {
    expect(() => parse(text)).toThrow(said);
  });

  it('stays until it is healed unless it is a blow', () => {
    const lasting = ['cut east', 'mute east west', 'stop worker', 'freeze worker', 'slow east hub 9'];
    expect(lasting.filter((text) => isLasting(parse(text)))).toEqual(lasting);
    expect(isLasting(parse('kill worker'))).toBe(false);
    expect(isLasting(parse('empty shop/orders/east/0'))).toBe(false);
  });
});
