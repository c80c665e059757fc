import { listMounts } from '../../../../local/stack/containers';
import { formatAge, formatTable } from '../../../../local/stack/table';
import { findMissingPackages } from '../../../../local/stack/preflight';

describe('listMounts', () => {
  const mounts = [
    'proc /proc proc rw 0 0',
    'overlay /srv/demo/members/east/a/run/rootfs overlay rw 0 0',
    'tmpfs /srv/demo/members/east/a/kubelet/pods/1/volumes/with\\040space tmpfs rw 0 0',
    '/dev/vda /srv/demonstration/x ext4 rw 0 0',
  ].join('\n');

  it('finds the mounts of this stack alone, the last mounted first', () => {
    expect(listMounts(mounts, '/srv/demo')).toEqual([
      '/srv/demo/members/east/a/kubelet/pods/1/volumes/with space',
      '/srv/demo/members/east/a/run/rootfs',
    ]);
  });
});

describe('findMissingPackages', () => {
  it('names the Debian package of each missing file', () => {
    expect(findMissingPackages(() => true)).toEqual([]);
    expect(findMissingPackages((file) => !file.includes('/cni/') && file !== 'conntrack')).toEqual([
      'containernetworking-plugins',
      'conntrack',
    ]);
  });
});

describe('tables', () => {
  it('aligns columns without trailing blanks', () => {
    expect(
      formatTable([
        ['A', 'LONG', ''],
        ['bbb', 'c', 'd'],
      ]),
    ).toBe('A    LONG\nbbb  c     d');
  });

  it.each([
    [0, '0s'],
    [59_999, '59s'],
    [60_000, '1m'],
    [3_723_000, '1h2m'],
    [90_061_000, '1d1h'],
  ])('says %d ms as %s', (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });
});
