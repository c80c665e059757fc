import {
  nodeOf,
  clusterOf,
  nameShares,
  nameVoters,
  place,
  refuse,
  reasonFor,
  requestOf,
  existingOf,
} from './states';

const three = [clusterOf('east', 9), clusterOf('north', 9), clusterOf('west', 9)];

describe('Uniform', () => {
  it.each([
    [1, 'east 1'],
    [3, 'east 1, north 1, west 1'],
    [5, 'east 2, north 2, west 1'],
    [7, 'east 3, north 2, west 2'],
  ])('spreads %d members over three equal clusters (S8)', (members, shares) => {
    const placement = place(requestOf(members), three);
    expect(nameShares(placement)).toBe(shares);
    expect(placement.quorum).toEqual({
      votes: members,
      majority: Math.floor(members / 2) + 1,
      fatalClusters: members === 1 ? ['east'] : [],
      survivesAnyCluster: members !== 1,
    });
  });

  it('is as even as room allows: 5 on two clusters with room for 4 and 1 is 4+1, as in the seed', () => {
    const placement = place(requestOf(5), [clusterOf('10-29-14-25', 1), clusterOf('10-29-14-21', 4)]);
    expect(JSON.stringify({ ClusterWithReplicaset: placement.shares })).toBe(
      '{"ClusterWithReplicaset":[{"cluster":"10-29-14-21","replicaset":4},{"cluster":"10-29-14-25","replicaset":1}]}',
    );
  });

  it('withholds votes when room alone would make a blocking share (S8)', () => {
    const placement = place(requestOf(5), [clusterOf('a', 9), clusterOf('b', 1), clusterOf('c', 1)]);
    expect(nameShares(placement)).toBe('a 3, b 1, c 1');
    expect(nameVoters(placement)).toEqual(['a/0', 'b/0', 'c/0']);
    expect(placement.quorum.survivesAnyCluster).toBe(true);
    expect(placement.warnings).toEqual([
      'a/1, a/2 have no vote, so that no cluster holds a blocking share of the votes (S8).',
    ]);
  });

  it('keeps the votes odd when replicaset is even: the last member has none (S7)', () => {
    const placement = place(requestOf(4), [clusterOf('a', 9), clusterOf('b', 9)]);
    expect(nameVoters(placement)).toEqual(['a/0', 'a/1', 'b/0']);
    expect(placement.quorum.votes).toBe(3);
    expect(placement.warnings).toContain(
      'b/1 has no vote, so that the number of votes stays odd (S7): an odd replicaset, or config.arbiter, would use them all.',
    );
  });

  it('gives seven of ten members a vote, none of the clusters a blocking share (S5, S8)', () => {
    const placement = place(requestOf(10), three);
    expect(nameShares(placement)).toBe('east 4, north 3, west 3');
    expect(nameVoters(placement)).toEqual([
      'east/0',
      'east/1',
      'east/2',
      'north/0',
      'north/1',
      'west/0',
      'west/1',
    ]);
    expect(placement.warnings).toEqual(['east/3, north/2, west/2 have no vote, as at most 7 may vote (S5).']);
  });
});

describe('a fatal loss', () => {
  it('is named with two clusters, and a witness offered (S8)', () => {
    const placement = place(requestOf(3), [clusterOf('east', 9), clusterOf('west', 9)]);
    expect(placement.quorum).toEqual({
      votes: 3,
      majority: 2,
      fatalClusters: ['east'],
      survivesAnyCluster: false,
    });
    expect(placement.warnings).toEqual([
      'The loss of cluster east stops writes: 2 of 3 votes are there, and a majority is 2 (S8). ' +
        'A third cluster that takes a member or, with an even replicaset, the arbiter (config.arbiter) as a witness would cure it.',
      expect.stringMatching(
        /^With a third cluster either may be lost: spec\.replicaset: 4 with spec\.config\.arbiter/,
      ),
    ]);
  });

  it('comes with the room that would cure it', () => {
    const placement = place(requestOf(3), [
      clusterOf('east', 9),
      clusterOf('west', 9),
      clusterOf('north', 0),
    ]);
    expect(placement.quorum.survivesAnyCluster).toBe(false);
    expect(placement.warnings[0]).toMatch(
      /Room in a third cluster for a member .* would cure it: north \(a member needs cpu 1, memory 1Gi, and of 1 node: 1 without room left for one more \(most free: north-1 with cpu 0, memory 0, 105 pods\)\)/,
    );
  });

  it('of members that run already is cured by a move, which is not made in passing', () => {
    const existing = [0, 1, 2].map((ordinal) => ({ cluster: 'east', ordinal }));
    const placement = place(requestOf(3, { existing }), three);
    expect(nameShares(placement)).toBe('east 3');
    expect(placement.warnings[0]).toContain(
      'Members that run stay where they are: moving one to north or west would cure it.',
    );
  });
});

describe('Weighting', () => {
  const weighted = (members: number, clusterWeights?: Record<string, number>) =>
    requestOf(members, { mode: 'Weighting', clusterWeights });

  it('follows free room', () => {
    const clusters = [clusterOf('a', 20), clusterOf('b', 20), clusterOf('c', 10)];
    expect(nameShares(place(weighted(10), clusters))).toBe('a 4, b 4, c 2');
  });

  it('follows clusterWeights', () =>
    expect(nameShares(place(weighted(10, { east: 1, west: 2, north: 2 }), three))).toBe(
      'north 4, west 4, east 2',
    ));

  it('gives way to S8 by as few members as that takes', () => {
    const placement = place(weighted(5, { east: 10, west: 1, north: 1 }), three);
    expect(nameShares(placement)).toBe('east 2, north 2, west 1');
    expect(placement.quorum).toMatchObject({ votes: 5, survivesAnyCluster: true });
    expect(nameShares(place(weighted(12, { east: 10, west: 1, north: 1 }), three))).toBe(
      'east 8, north 2, west 2',
    );
  });

  it('places nothing without a weight, but leaves room for the witness there (S6)', () => {
    const request = { ...weighted(2, { east: 1, west: 1 }), arbiter: true };
    const placement = place(request, three);
    expect(nameShares(placement)).toBe('east 1, west 1, north 0+A');
    expect(placement.quorum).toMatchObject({ votes: 3, survivesAnyCluster: true });
    expect(reasonFor(refuse(weighted(30, { east: 1, west: 1 }), three), 'north')).toBe(
      'it has no weight: name it in scheduler.clusterWeights with 1 or more',
    );
  });

  it('warns of weights that mean nothing', () => {
    expect(place(weighted(3, { east: 1, north: 1, west: 1, esat: 1 }), three).warnings).toContain(
      'scheduler.clusterWeights names no registered cluster with esat.',
    );
    expect(place(requestOf(3, { clusterWeights: { east: 1 } }), three).warnings).toContain(
      'scheduler.clusterWeights is not used, as scheduler.schedulerMode is Uniform: set it to Weighting.',
    );
  });

  it('refuses a weight below 0', () =>
    expect(refuse(weighted(3, { east: -1 }), three).message).toBe(
      'scheduler.clusterWeights["east"] is -1: write a whole number from 0.',
    ));
});

describe('the arbiter', () => {
  it('goes to the cluster with the fewest members (S6)', () => {
    const placement = place(requestOf(4, { arbiter: true }), three);
    expect(nameShares(placement)).toBe('east 2, north 1+A, west 1');
    expect(placement.members.filter(({ ordinal }) => ordinal === 'arbiter')).toEqual([
      { cluster: 'north', ordinal: 'arbiter', votes: 1 },
    ]);
    expect(placement.quorum).toMatchObject({ votes: 5, survivesAnyCluster: true });
  });

  it('is the witness of two data clusters, and S16 is told', () => {
    const placement = place(requestOf(2, { arbiter: true }), [
      clusterOf('east', 9),
      clusterOf('west', 9),
      clusterOf('witness', 0, {
        nodes: [nodeOf('w', 0, { allocatable: { cpuMillis: 700, memoryBytes: 2 ** 20, pods: 110 } })],
      }),
    ]);
    expect(nameShares(placement)).toBe('east 1, west 1, witness 0+A');
    expect(placement.quorum.survivesAnyCluster).toBe(true);
    expect(placement.warnings).toEqual([
      'After the loss of east or west there is a primary, but writes with w:majority wait, as the arbiter holds no data (S16). A data member in its place would cure it.',
    ]);
  });

  it('has the cluster to itself where it fits in one only (S8)', () => {
    const arbiterResources = { cpuMillis: 2000, memoryBytes: 1000 };
    const clusters = [clusterOf('a', 2), clusterOf('b', 1), clusterOf('c', 1)];
    const placement = place(requestOf(2, { arbiter: true, arbiterResources }), clusters);
    expect(nameShares(placement)).toBe('b 1, c 1, a 0+A');
  });

  it('is refused with an odd replicaset (S6)', () =>
    expect(refuse(requestOf(3, { arbiter: true }), three).message).toBe(
      'config.arbiter is true with an odd replicaset (3): an arbiter is only to make an even number odd (S6). Set it to false, or make replicaset even.',
    ));

  it('makes the set unschedulable when it fits nowhere', () =>
    expect(
      refuse(requestOf(2, { arbiter: true, arbiterResources: { cpuMillis: 1e6, memoryBytes: 0 } }), three)
        .message,
    ).toMatch(
      /^the arbiter fits nowhere beside 2 members: make room for it, or set config.arbiter to false\./,
    ));

  it('stays where it runs', () => {
    const request = requestOf(4, { arbiter: true });
    const first = place(request, three);
    const grown = place({ ...request, members: 6, existing: existingOf(first) }, three);
    expect(grown.members).toContainEqual({ cluster: 'north', ordinal: 'arbiter', votes: 1 });
    expect(grown.leaving).toEqual([]);
    const without = place(requestOf(4, { existing: existingOf(first) }), three);
    expect(without.leaving).toEqual([{ cluster: 'north', ordinal: 'arbiter' }]);
  });
});

describe('limits', () => {
  it.each([0, 51, 1.5])('refuses %d members by field and remedy (S5)', (members) => {
    const verdict = refuse(requestOf(members), three);
    expect(verdict.message).toBe(
      `replicaset is ${members}: MongoDB takes 1 to 50 members (S5). Set it in these limits.`,
    );
    expect(verdict.reasons.map(({ cluster }) => cluster)).toEqual(['east', 'north', 'west']);
  });

  it('says what is missing when the room does not suffice', () => {
    const verdict = refuse(requestOf(5), [
      clusterOf('east', 2),
      clusterOf('west', 1),
      clusterOf('north', 9, { ready: false, notReadyReason: 'connection refused' }),
    ]);
    expect(verdict.message).toBe(
      'replicaset 5 does not fit: there is room for 3 (east 2, west 1), 2 short (cpu 1, memory 1Gi each). ' +
        'east: 2 more would fit; north: it is not ready: connection refused; west: 1 more would fit.',
    );
    expect(refuse(requestOf(1), []).message).toContain('No cluster is registered.');
  });
});

describe('a cluster is left out, with its reason, when', () => {
  const wanted = requestOf(2);
  it.each([
    ['it is not ready', { ready: false }, 'it is not ready: no reason given'],
    [
      'it has no VIP',
      { vip: undefined },
      'it has no VIP that can be read: kubectl label cluster odd vip=ADDRESS (where its members are reached; an IPv6 address goes into the annotation middleware.fedstate.io/vip)',
    ],
    [
      'its taint is not tolerated',
      { taints: [{ key: 'maintenance', value: 'yes', effect: 'NoSchedule' }] },
      'its taint maintenance=yes:NoSchedule is not tolerated: add it to scheduler.tolerations or take it off the Cluster',
    ],
    [
      'its nodes could not be read',
      { nodes: undefined, unreadableReason: 'no access' },
      'its nodes could not be read: no access',
    ],
    [
      'it has no default storage class',
      { storageClasses: [{ name: 'slow', isDefault: false }] },
      'it has no default StorageClass (it has slow): name one in storage.storageClass or mark one as default',
    ],
    ['it has no nodes', { nodes: [] }, 'it has no nodes; a member needs cpu 1, memory 1Gi'],
  ])('%s', (_, flaw, reason) => {
    const placement = place(wanted, [clusterOf('a', 9), clusterOf('b', 9), clusterOf('odd', 9, flaw)]);
    expect(reasonFor(placement, 'odd')).toBe(reason);
    expect(placement.reasons.map(({ cluster, chosen }) => [cluster, chosen])).toEqual([
      ['a', true],
      ['b', true],
      ['odd', false],
    ]);
  });

  it('it lacks the storage class that is asked for', () => {
    const verdict = refuse(requestOf(1, { storageClass: 'fast' }), [clusterOf('a', 9)]);
    expect(reasonFor(verdict, 'a')).toBe('it has no StorageClass fast (it has local): make it there');
  });

  it('it is excluded', () => {
    const existing = [{ cluster: 'east', ordinal: 0 }];
    const excludedClusters = [{ cluster: 'east', reason: 'lost since 12:00' }];
    const placement = place(requestOf(2, { existing, excludedClusters }), three);
    expect(nameShares(placement)).toBe('north 1, west 1');
    expect(reasonFor(placement, 'east')).toBe('lost since 12:00; its 1 member gets a place elsewhere');
    expect(placement.leaving).toEqual([{ cluster: 'east', ordinal: 0 }]);
  });

  it('none of its nodes may take a member, with the count of each cause', () => {
    const verdict = refuse(requestOf(1, { nodeSelector: { deploy: 'mongo' } }), [
      clusterOf('a', 0, {
        nodes: [
          nodeOf('n1', 9, { labels: { deploy: 'mongo' }, ready: false }),
          nodeOf('n2', 9, { labels: { deploy: 'mongo' }, schedulable: false }),
          nodeOf('n3', 9),
          nodeOf('n4', 9),
          nodeOf('n5', 9, { labels: { deploy: 'mongo' }, taints: [{ key: 'gpu', effect: 'NoExecute' }] }),
          nodeOf('n6', 0, { labels: { deploy: 'mongo' } }),
        ],
      }),
    ]);
    expect(reasonFor(verdict, 'a')).toBe(
      'a member needs cpu 1, memory 1Gi, and of 6 nodes: 1 not ready, 1 cordoned, ' +
        '2 without deploy=mongo (spreadConstraints.nodeSelect), 1 with taint gpu:NoExecute, not tolerated, ' +
        '1 without room left for one more (most free: n6 with cpu 0, memory 0, 105 pods)',
    );
  });
});

describe('tolerations', () => {
  const tainted = (effect: string) => [
    clusterOf('a', 0, {
      taints: [{ key: 'team', value: 'db', effect }],
      nodes: [nodeOf('n', 3, { taints: [{ key: 'disk', effect }] })],
    }),
  ];
  it.each([
    [[{ operator: 'Exists' as const }]],
    [
      [
        { key: 'team', value: 'db' },
        { key: 'disk', operator: 'Exists' as const, effect: 'NoSchedule' },
      ],
    ],
    [
      [
        { key: 'team', operator: 'Exists' as const },
        { key: 'disk', value: '' },
      ],
    ],
  ])('hold for clusters and nodes: %j', (tolerations) =>
    expect(nameShares(place(requestOf(3, { tolerations }), tainted('NoSchedule')))).toBe('a 3'),
  );
  it.each([
    [[{ key: 'team', value: 'db' }]],
    [
      [
        { key: 'team', value: 'web' },
        { key: 'disk', operator: 'Exists' as const },
      ],
    ],
    [[{ operator: 'Exists' as const, effect: 'NoExecute' }]],
    [[{ operator: 'Equal' as const, value: 'db' }]],
  ])('do not hold for what they do not name: %j', (tolerations) =>
    expect(refuse(requestOf(1, { tolerations }), tainted('NoSchedule')).outcome).toBe('unschedulable'),
  );
  it('are not needed for a mere preference', () =>
    expect(nameShares(place(requestOf(1), tainted('PreferNoSchedule')))).toBe('a 1'));
});

describe('room', () => {
  it('is counted by cpu, memory and pods, node by node', () => {
    const nodes = [
      nodeOf('cpu', 9, { allocatable: { cpuMillis: 2499, memoryBytes: 2 ** 40, pods: 110 } }),
      nodeOf('memory', 9, { allocatable: { cpuMillis: 1e6, memoryBytes: 3 * 2 ** 30 + 1000, pods: 110 } }),
      nodeOf('pods', 9, { allocatable: { cpuMillis: 1e6, memoryBytes: 2 ** 40, pods: 7 } }),
      nodeOf('over', 9, { allocatable: { cpuMillis: 100, memoryBytes: 2 ** 40, pods: 110 } }),
    ];
    const verdict = refuse(requestOf(50), [clusterOf('a', 0, { nodes })]);
    expect(verdict.reasons[0]?.room).toBe(1 + 3 + 2);
  });

  it('without requests is bounded by pods alone', () =>
    expect(
      refuse(requestOf(50, { perMember: { cpuMillis: 0, memoryBytes: 0 } }), [
        clusterOf('a', 0, {
          nodes: [nodeOf('n', 0, { allocatable: { cpuMillis: 0, memoryBytes: 0, pods: 15 } })],
        }),
      ]).reasons[0]?.room,
    ).toBe(10));

  it('that is promised to another set is not given twice', () => {
    const nodes = [nodeOf('n1', 2), nodeOf('n2', 1)];
    const roomWith = (node?: string) =>
      refuse(
        requestOf(50, { reservations: [{ cluster: 'a', node, cpuMillis: 1000, memoryBytes: 2 ** 30 }] }),
        [clusterOf('a', 0, { nodes })],
      ).reasons[0]?.room;
    expect(roomWith()).toBe(2);
    expect(roomWith('n2')).toBe(2);
  });

  it('promised without a node is counted where it costs the most', () => {
    const nodes = [
      nodeOf('n1', 1),
      nodeOf('n2', 1, { allocatable: { cpuMillis: 2400, memoryBytes: 2 ** 40, pods: 110 } }),
    ];
    const reservations = [{ cluster: 'a', cpuMillis: 600, memoryBytes: 1000 }];
    expect(refuse(requestOf(50, { reservations }), [clusterOf('a', 0, { nodes })]).reasons[0]?.room).toBe(1);
  });

  it('of running members is theirs, and a full cluster keeps them', () => {
    const existing = [0, 1].map((ordinal) => ({ cluster: 'a', ordinal }));
    const placement = place(requestOf(3, { existing }), [clusterOf('a', 0), clusterOf('b', 4)]);
    expect(nameShares(placement)).toBe('a 2, b 1');
    expect(placement.reasons[0]).toMatchObject({ cluster: 'a', chosen: true, room: 2 });
    expect(placement.reasons[0]?.reason).toMatch(
      /^takes 2 of 3 members: 2 fit, 2 of them run there now; no more: /,
    );
  });

  it('is told in the reason of every cluster', () => {
    const placement = place(requestOf(1), [clusterOf('a', 4), clusterOf('b', 2)]);
    expect(placement.reasons).toEqual([
      { cluster: 'a', chosen: true, room: 4, reason: 'takes 1 of 1 members: 4 fit' },
      { cluster: 'b', chosen: false, room: 2, reason: 'not needed: 2 fit' },
    ]);
  });
});

describe('ordinals', () => {
  it('are the lowest free ones that are not retired', () => {
    const existing = [{ cluster: 'east', ordinal: 2 }];
    const retired = [{ cluster: 'east', ordinal: 0 }];
    const placement = place(requestOf(5, { existing, retired }), three);
    expect(
      placement.members.filter(({ cluster }) => cluster === 'east').map(({ ordinal }) => ordinal),
    ).toEqual([1, 2]);
  });

  it('go highest first, from the biggest share, and are named', () => {
    const seven = place(requestOf(7), three);
    const five = place(requestOf(5, { existing: existingOf(seven) }), three);
    expect(nameShares(five)).toBe('east 2, north 2, west 1');
    expect(five.leaving).toEqual([
      { cluster: 'east', ordinal: 2 },
      { cluster: 'west', ordinal: 1 },
    ]);
    expect(reasonFor(place(requestOf(1, { existing: existingOf(seven) }), three), 'west')).toBe(
      'its 2 members leave, as fewer are asked for',
    );
  });
});

describe('member.overrides', () => {
  it('withhold votes, and others take their place', () => {
    const overrides = [
      { cluster: 'east', votes: 0 },
      { cluster: 'east', ordinal: 1, votes: 1 },
    ];
    const placement = place(requestOf(5, { overrides }), three);
    expect(nameVoters(placement)).toEqual(['east/1', 'north/0', 'west/0']);
    expect(placement.quorum).toMatchObject({ votes: 3, survivesAnyCluster: true });
    expect(placement.warnings.join()).toContain('east/0, north/1 have no vote, as member.overrides');
  });

  it('may not withhold them all', () =>
    expect(place(requestOf(1, { overrides: [{ cluster: 'east', votes: 0 }] }), three).warnings).toContain(
      'No data member has a vote, so that none can be elected: take votes 0 out of member.overrides.',
    ));
});

describe('members that run where none would be placed now', () => {
  it('stay, with a warning', () => {
    const existing = existingOf(place(requestOf(3), three));
    const clusters = three.map((cluster) =>
      cluster.name === 'west' ? { ...cluster, ready: false, notReadyReason: 'dial timeout' } : cluster,
    );
    const placement = place(requestOf(5, { existing }), clusters);
    expect(nameShares(placement)).toBe('east 2, north 2, west 1');
    expect(placement.warnings).toEqual([
      '1 member stays in west, where none would be placed now: it is not ready: dial timeout.',
    ]);
  });

  it('leave a cluster that is not registered any more', () => {
    const placement = place(requestOf(3, { existing: [{ cluster: 'gone', ordinal: 0 }] }), three);
    expect(placement.leaving).toEqual([{ cluster: 'gone', ordinal: 0 }]);
    expect(reasonFor(placement, 'gone')).toBe(
      'it is not registered with Karmada any more; its 1 member gets a place elsewhere',
    );
  });
});
