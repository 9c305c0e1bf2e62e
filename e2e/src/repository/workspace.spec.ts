import { execFileSync } from 'node:child_process';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LockFile, missingFromLock, type Overrides } from './lock-file.js';
import { read, readJson, repositoryFiles, root } from './repository.js';
import {
  isPeerOfAnother,
  type Manifest,
  namesPackage,
  namesPlatformPackageOf,
  packagesImportedBy,
  type Project,
  projects,
  sourceText,
} from './workspace.js';

const all = projects();
const rootManifest = readJson<Manifest>('package.json');
const isTest = (file: string): boolean => file.endsWith('.spec.ts') || file.startsWith('e2e/');

describe('every package', () => {
  it.each(all)('$folder declares what it imports', ({ sources, manifest }) => {
    const undeclared = sources.flatMap((file) => {
      // The tools that run the tests (vitest, eslint) are the workspace's, not a package's.
      const forTests = isTest(file) ? { ...rootManifest.devDependencies, ...manifest.devDependencies } : {};
      const declared = { ...manifest.dependencies, ...forTests };
      return packagesImportedBy(read(file))
        .filter((name) => declared[name] === undefined && name !== manifest.name)
        .filter((name) => !(isTest(file) && name === '@waybill/testing'))
        .map((name) => `${file} imports ${name}`);
    });
    expect(undeclared).toEqual([]);
  });

  it.each(all)('$folder uses what it declares', (project) => {
    expect(unused(project)).toEqual([]);
  });

  it.each(all)('$folder refers TypeScript to the projects that it imports', ({ folder, manifest }) => {
    const config = readJson<{ references?: { path: string }[] }>(`${folder}/tsconfig.json`);
    const referred = (config.references ?? []).map(({ path }) => path.split('/').at(-1));
    const imported = Object.keys(manifest.dependencies ?? {})
      .filter((name) => name.startsWith('@waybill/'))
      .map((name) => name.slice('@waybill/'.length));
    expect(referred.sort()).toEqual(imported.sort());
  });

  it('is built from the top', () => {
    const { references } = readJson<{ references: { path: string }[] }>('tsconfig.json');
    expect(references.map(({ path }) => path).sort()).toEqual(all.map(({ folder }) => folder).sort());
  });

  it('takes one exact version of each dependency, the same everywhere', () => {
    const versions = new Map<string, Set<string>>();
    for (const manifest of [rootManifest, ...all.map((project) => project.manifest)]) {
      for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
        versions.set(name, (versions.get(name) ?? new Set()).add(version));
      }
    }
    const several = [...versions].filter(([, found]) => found.size > 1).map(([name, found]) => [name, ...found]);
    expect(several).toEqual([]);
    const loose = [...versions].filter(
      ([name, [version = '']]) => !(name.startsWith('@waybill/') ? version === '*' : /^(npm:.+@)?\d+\.\d+\.\d+/.test(version)),
    );
    expect(loose.map(([name]) => name)).toEqual([]);
  });

  it.each(repositoryFiles('libs/*/src/**/index.ts'))('%s is the one index of its lib', (file) => {
    expect(file).toMatch(/^libs\/[^/]+\/src\/index\.ts$/);
  });
});

function unused(project: Project): string[] {
  const text = sourceText(project);
  const declared = Object.keys({ ...project.manifest.dependencies, ...project.manifest.devDependencies });
  return declared
    .filter((name) => !namesPackage(text, name) && !namesPlatformPackageOf(text, name))
    .filter((name) => !isPeerOfAnother(name, declared));
}

describe('every service', () => {
  const services = all.filter(({ manifest }) => manifest.nx?.tags?.includes('layer:app'));
  const mains = services.map(({ folder }) => `${folder}/src/main.ts`);

  it('starts with a main.ts of at most 20 lines', () => {
    expect(mains.length).toBeGreaterThanOrEqual(4);
    expect(mains.filter((file) => read(file).trimEnd().split('\n').length > 20)).toEqual([]);
  });

  it('starts with the same main.ts, but for its name', () => {
    const anonymous = mains.map((file) => read(file).replaceAll(file.split('/')[1] ?? '', 'NAME'));
    expect(new Set(anonymous).size).toBe(1);
  });
});

describe('the lock file', () => {
  const lock = readJson<LockFile>('package-lock.json');

  it('names no download host', () => {
    const downloads = Object.values(lock.packages).filter(({ resolved }) => resolved?.startsWith('http'));
    expect(downloads).toEqual([]);
  });

  it('is complete: every dependency, also those for other platforms, is there', () => {
    const { overrides } = readJson<{ overrides: Overrides }>('package.json');
    expect(missingFromLock(lock, overrides)).toEqual([]);
  });

  it('knows every package of ours with its dependencies', () => {
    for (const { folder, manifest } of all) {
      expect(lock.packages[folder]?.dependencies ?? {}, folder).toEqual(manifest.dependencies ?? {});
      expect(lock.packages[folder]?.devDependencies ?? {}, folder).toEqual(manifest.devDependencies ?? {});
    }
  });

  it('is found incomplete when a platform or a version is missing', () => {
    const tool = { version: '1.0.0', optionalDependencies: { 'tool-linux': '1.0.0', 'tool-darwin': '1.0.0' } };
    const top = { '': { dependencies: { tool: '1.0.0' } }, 'node_modules/tool': tool };
    const linux = { 'node_modules/tool-linux': { version: '1.0.0' } };
    const darwin = { 'node_modules/tool/node_modules/tool-darwin': { version: '1.0.0' } };
    const olderLinux = { 'node_modules/tool-linux': { version: '0.9.0' } };

    expect(missingFromLock({ packages: { ...top, ...linux, ...darwin } })).toEqual([]);
    expect(missingFromLock({ packages: { ...top, ...linux } })).toEqual(['node_modules/tool needs tool-darwin@1.0.0']);
    const withOlder = { packages: { ...top, ...olderLinux, ...darwin } };
    expect(missingFromLock(withOlder)).toEqual(['node_modules/tool needs tool-linux@1.0.0']);
    expect(missingFromLock(withOlder, { tool: { 'tool-linux': '0.9.0' } })).toEqual([]);
  });
});

describe("the benchmark's peers", () => {
  const lock = readJson<LockFile>('e2e/peers/package-lock.json');
  const { dependencies = {} } = readJson<Manifest>('e2e/peers/package.json');

  it('are no part of the workspace', () => {
    const { workspaces } = readJson<{ workspaces: string[] }>('package.json');
    expect(workspaces.filter((folder) => /peers|^e2e\//.test(folder))).toEqual([]);
    expect(read('e2e/peers/.npmrc')).toBe(read('.npmrc'));
  });

  it('are pinned exactly, with a lock that is complete and names no download host', () => {
    expect(Object.values(dependencies).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    expect(lock.packages['']?.dependencies).toEqual(dependencies);
    expect(missingFromLock(lock)).toEqual([]);
    expect(Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  });
});

describe('what is committed', () => {
  const texts = repositoryFiles('**')
    .filter((file) => !/\.(png|jpg|gif|ico|woff2?|jsa|jar)$/.test(file))
    .map((file) => ({ file, text: read(file) }));
  const linesWith = (pattern: RegExp, among = texts): string[] =>
    among.flatMap(({ file, text }) =>
      text
        .split('\n')
        .map((line, index) => ({ at: `${file}:${index + 1}`, line }))
        .filter(({ line }) => pattern.test(line))
        .map(({ at, line }) => `${at}: ${line.trim().slice(0, 120)}`),
    );

  it('names no package registry: each machine has its own', () => {
    const configured = execFileSync('npm', ['config', 'get', 'registry'], { cwd: root, encoding: 'utf8' }).trim();
    expect(linesWith(aHost(new URL(configured).host))).toEqual([]);
    expect(linesWith(aHost(['registry', 'npmjs', 'org'].join('.')))).toEqual([]);
  });

  it('names no folder of the machine it was written on', () => {
    expect(linesWith(aPathIn(dirname(root.replace(/\/$/, ''))))).toEqual([]);
    // Inside an image, root's home is the image's.
    const outsideImages = texts.filter(({ file }) => !/(^|\/)(Dockerfile|docker-compose)/.test(file));
    expect(linesWith(aPathIn(homedir()), outsideImages)).toEqual([]);
    expect(linesWith(A_HOME_FOLDER)).toEqual([]);
  });

  it('has no leftover of somebody at work', () => {
    expect(linesWith(LEFT_FOR_LATER)).toEqual([]);
    expect(linesWith(SWITCHED_OFF)).toEqual([]);
  });

  it('would be found out, each of these', () => {
    expect('"resolved": "https://npm.example.com/x"').toMatch(aHost('npm.example.com'));
    expect("const folder = '/srv/checkouts/waybill';").toMatch(aPathIn('/srv/checkouts'));
    expect('see `/home/' + 'anna/waybill`').toMatch(A_HOME_FOLDER);
    expect('WORKDIR /home/node/app').not.toMatch(A_HOME_FOLDER);
    expect('// TO' + 'DO: later').toMatch(LEFT_FOR_LATER);
    expect('it.' + 'skip("x")').toMatch(SWITCHED_OFF);
  });

  it('can be run where it must be', () => {
    const listed = execFileSync('git', ['ls-files', '--stage', '.ci/run'], { cwd: root, encoding: 'utf8' });
    expect(listed).toMatch(/^100755 /);
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
  });
});

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
const aHost = (host: string): RegExp => new RegExp(literally(host));
const aPathIn = (folder: string): RegExp => new RegExp(`(^|[\\s"'\`(=:,])${literally(folder)}/`);
/** Home folders of people; those of an image's own user are the same everywhere. */
const A_HOME_FOLDER = /(^|[\s"'`(=:,])\/(home|Users)\/(?!node\b|appuser\b)\w+/;
const LEFT_FOR_LATER = /\b(TO(?:DO)|FIX(?:ME))\b/;
const SWITCHED_OFF = /\b(describe|it|test)\.(only|skip|todo)\(/;
