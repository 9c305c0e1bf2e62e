import { defineConfig, globalIgnores } from 'eslint/config';
import simpleImportSort from 'eslint-plugin-simple-import-sort';
import tseslint from 'typescript-eslint';

// Which project may import which is dependency-cruiser's part (.dependency-cruiser.mjs): it sees what an import resolves
// to. Here stand the rules that are about the text of an import, so that an editor shows them while one types.

const testingOnlyInTests = {
  group: ['@waybill/testing', '@waybill/testing/*'],
  message: 'Test support stays in tests: import it in *.spec.ts, e2e/ or libs/testing only.',
};
const onlyTheIndexOfALib = {
  regex: '^@waybill/[^/]+/(src|dist)(/|$)',
  message: "Import the lib by its name; what is not in its index.ts is the lib's own business.",
};
const noFrameworkInTheDomain = {
  group: ['@nestjs/*', 'typeorm', 'pg', 'kafkajs', '@platformatic/*', 'fastify', 'rxjs', 'reflect-metadata'],
  message: 'domain/ is plain TypeScript: rules as functions of state and command. Frameworks stay outside.',
};
const noOtherRoomInTheDomain = {
  regex: '^(\\.\\./)+(persistence|http|messaging|use-cases)(/|$)',
  message: 'domain/ knows none of the other rooms: hand in what the rule needs as an argument.',
};
const restrictImports = (...patterns) => ['error', { patterns }];

const noExportAll = {
  selector: 'ExportAllDeclaration',
  message: 'Export by name: index.ts is the list of what a lib promises.',
};

export default defineConfig(
  globalIgnores([
    '**/dist/',
    '**/node_modules/',
    '.nx/',
    '.waybill*/',
    '**/coverage/',
    // The version before: what it was, as it was. It is checked where it is built.
    'e2e/src/upgrade/previous/',
  ]),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  {
    files: ['**/*.{ts,mts,mjs}'],
    plugins: { 'simple-import-sort': simpleImportSort },
    rules: {
      curly: 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'prefer-const': 'error',
      'no-debugger': 'error',
      'no-unreachable': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-restricted-syntax': ['error', noExportAll],
      // One block, sorted: where a name comes from is never worth a discussion.
      'simple-import-sort/imports': ['error', { groups: [['^\\u0000', '^node:', '^@?\\w', '^\\.\\.', '^\\.']] }],
      'simple-import-sort/exports': 'error',
    },
  },

  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      // One program over sources and specs: the projects' own tsconfig files leave the specs out, and a program each
      // would read the same declarations eighteen times.
      parserOptions: { project: ['./tsconfig.spec.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // A promise nobody waits for is a lost message with no line in the log.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      // A state or an event that is added must be answered everywhere.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        // `require('x') as typeof import('x')` is how a CommonJS library is loaded late and stays typed.
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      // An error that was caught and kept is unknown, and may be thrown again; what we make ourselves is an Error.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true, allowThrowingAny: false }],
      '@typescript-eslint/use-unknown-in-catch-callback-variable': 'error',
      '@typescript-eslint/no-deprecated': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      // A port is async because its real side is; its other side may have nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      'no-restricted-imports': restrictImports(testingOnlyInTests, onlyTheIndexOfALib),
    },
  },

  {
    files: ['apps/*/src/domain/**/*.ts'],
    rules: {
      'no-restricted-imports': restrictImports(
        testingOnlyInTests,
        onlyTheIndexOfALib,
        noFrameworkInTheDomain,
        noOtherRoomInTheDomain,
      ),
    },
  },

  {
    // Services and libs write JSON lines through their logger; only tools speak to a terminal.
    files: ['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts'],
    ignores: ['apps/cli/**', '**/*.spec.ts'],
    rules: { 'no-console': 'error' },
  },

  {
    // kafkajs hands out plain functions to be taken apart, and its types call them methods.
    files: ['libs/kafka/src/*.ts'],
    rules: { '@typescript-eslint/unbound-method': 'off' },
  },

  {
    files: ['**/*.spec.ts', 'e2e/**/*.ts', 'libs/testing/**/*.ts', 'vitest.*.ts'],
    rules: {
      'no-restricted-imports': restrictImports(onlyTheIndexOfALib),
      // vitest's matchers are typed any, and so is the body of a response that a test takes apart.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    // The domain's specs are tests, too; they may use test support, but no framework.
    files: ['apps/*/src/domain/**/*.spec.ts'],
    rules: {
      'no-restricted-imports': restrictImports(onlyTheIndexOfALib, noFrameworkInTheDomain, noOtherRoomInTheDomain),
    },
  },

  {
    files: ['**/*.mjs'],
    languageOptions: { globals: nodeGlobals() },
    rules: { 'no-undef': 'error', 'no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'none' }] },
  },
);

/** What Node itself puts into every module, as ESLint wants it. */
function nodeGlobals() {
  return Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly']));
}
