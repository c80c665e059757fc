// Client-node and three of its dependencies are ESM only; Jest on Node 20 cannot require them untransformed.
const esm = ['@kubernetes/client-node', 'openid-client', 'oauth4webapi', 'jose', 'mingo'];

const project = (name, extra = {}) => ({
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  testEnvironment: 'node',
  transform: {
    '^.+\\.(t|j|mj)s$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esm.join('|')})/)`],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  ...extra,
});

/** @type {import('jest').Config} */
module.exports = {
  // Twice the cores of the smallest machine that is thought of: most suites wait for servers more than they compute.
  maxWorkers: 4,
  projects: [
    project('unit'),
    project('contract', { testPathIgnorePatterns: ['<rootDir>/test/contract/[^/]+/long/'] }),
    // What only holds a stand-in to its recordings, at the pace of elections, for `npm test -- --long`.
    project('contract-long', { testMatch: ['<rootDir>/test/contract/*/long/**/*.test.ts'] }),
    project('workflow', {
      globalSetup: '<rootDir>/test/support/temporal-setup.ts',
      globalTeardown: '<rootDir>/test/support/temporal-teardown.ts',
    }),
    project('replay', {
      globalSetup: '<rootDir>/test/support/temporal-setup.ts',
      globalTeardown: '<rootDir>/test/support/temporal-teardown.ts',
    }),
    project('integration'),
    project('e2e', { testPathIgnorePatterns: ['<rootDir>/test/e2e/(faults|long)/'] }),
    // More of the same, for `npm test -- --long`.
    project('long', { testMatch: ['<rootDir>/test/e2e/long/**/*.test.ts'] }),
    // They take clusters away from everybody, so that nothing else may run beside them.
    project('faults', { testMatch: ['<rootDir>/test/e2e/faults/**/*.test.ts'] }),
    // After e2e, never beside it: it listens to an idle system, and reads what all of the run has asked for.
    project('audit'),
  ],
};
