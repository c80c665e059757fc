import { builtinModules } from 'node:module';
import eslint from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

// The import rule of the house: a room may import itself, its list here, and nothing else of src/.
// `types` rooms may be imported for their types only.
const rooms = {
  domain: [],
  api: ['domain', 'kube'],
  scheduler: ['domain'],
  planner: ['domain'],
  kube: ['domain'],
  mongodb: ['domain'],
  karmada: ['domain', 'api', 'kube'],
  member: ['domain', 'api', 'kube', 'mongodb', 'planner'],
  workflows: ['domain'],
  activities: ['domain', 'api', 'scheduler', 'planner', 'karmada', 'kube', 'mongodb'],
  triggers: ['domain', 'api', 'kube', 'karmada'],
  cli: ['domain', 'api', 'kube', 'karmada', 'activities'],
};
const typeOnly = { workflows: ['activities', 'planner'], triggers: ['workflows'] };
const outward = ['^(\\.\\./)+(local|test|bench|dist)/'];

const roomRule = (room) => {
  const mayImport = new Set([room, ...rooms[room], ...(typeOnly[room] ?? [])]);
  const barred = Object.keys(rooms).filter((other) => !mayImport.has(other));
  const patterns = [
    ...outward.map((regex) => ({ regex, message: 'src/ knows nothing of the local stack or the tests.' })),
    ...(barred.length > 0
      ? [
          {
            regex: `^(\\.\\./)+(src/)?(${barred.join('|')})/`,
            message: `src/${room} may import only: ${[...mayImport].join(', ')}.`,
          },
        ]
      : []),
    ...(typeOnly[room] ?? []).map((other) => ({
      regex: `^(\\.\\./)+${other}/`,
      allowTypeImports: true,
      message: `src/${room} may import only types of src/${other}.`,
    })),
  ];
  return {
    files: [`src/${room}/**/*.ts`],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns, paths: room === 'workflows' ? workflowBans : [] },
      ],
    },
  };
};

const nodeModules = [...builtinModules, ...builtinModules.map((name) => `node:${name}`)];
const workflowBans = [
  ...nodeModules,
  '@temporalio/client',
  '@temporalio/worker',
  '@temporalio/activity',
  '@kubernetes/client-node',
  'mongodb',
  'prom-client',
  'pino',
  'zod',
].map((name) => ({ name, message: 'Workflow code runs in a deterministic sandbox.' }));

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', 'local/tools/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    rules: {
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-default-export': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      eqeqeq: 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
    },
    settings: {
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver': { node: { extensions: ['.ts', '.js'] } },
    },
  },
  ...Object.keys(rooms).map(roomRule),
  {
    files: ['src/workflows/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', 'Intl', 'process', 'fetch', 'Buffer', 'setInterval'],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'CallExpression[callee.property.name=/^toLocale/]',
          message: 'The host locale is not deterministic.',
        },
        { selector: "NewExpression[callee.name='Function']", message: 'No code made at run time.' },
      ],
    },
  },
  { files: ['test/**/*.ts'], rules: { 'max-lines': 'off' } },
  {
    files: ['*.config.js', '*.config.mjs', 'local/**/*.mjs'],
    languageOptions: {
      globals: {
        module: 'readonly',
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        require: 'readonly',
      },
    },
  },
);
