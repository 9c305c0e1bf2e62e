import { defineConfig } from 'vitest/config';

// Every project runs from TypeScript source: the custom condition leads to src/index.ts, so no build comes first.
// Not `import` or `module`: vitest hands these names to Node, whose `require` would then load ES modules.
const conditions = ['@waybill/source', 'node'];
const fromSource = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
};

export default defineConfig({
  ...fromSource,
  test: {
    projects: [
      {
        ...fromSource,
        test: {
          name: 'unit',
          include: ['{apps,libs}/*/src/**/*.spec.ts', 'infra/local/src/**/*.spec.ts', 'e2e/src/**/*.spec.ts'],
          exclude: ['**/*.int.spec.ts', '**/node_modules/**', 'e2e/src/{stories,docker,long}/**'],
          environment: 'node',
        },
      },
      {
        ...fromSource,
        test: {
          name: 'integration',
          include: ['{apps,libs}/*/src/**/*.int.spec.ts', 'infra/local/src/**/*.int.spec.ts'],
          environment: 'node',
          globalSetup: ['./vitest.infra.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'stories',
          include: ['e2e/src/stories/**/*.spec.ts'],
          environment: 'node',
          // Each story starts a stack of its own; two at once would share two cores.
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'long',
          include: ['e2e/src/long/**/*.spec.ts'],
          environment: 'node',
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'docker',
          include: ['e2e/src/docker/**/*.spec.ts'],
          environment: 'node',
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
