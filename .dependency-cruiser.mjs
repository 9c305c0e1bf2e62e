import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// The arrows: apps -> service-defaults -> platform -> core. Each rule here has a fixture that breaks it
// (e2e/src/repository/boundaries.spec.ts): a rule that was never seen to say no may not be able to.

const projects = readProjects(import.meta.dirname);
const layer = (name) => projects.filter((project) => project.layer === name).map((project) => project.folder);
/** A path inside one of the folders; the folder itself is $1 in a rule's `to`. */
const inside = (...folders) => `^(${folders.length === 0 ? 'no such folder' : folders.join('|')})/`;
const SPEC = '[.]spec[.]ts$';
/** The model of the saga walks the rules of all services at once; nothing else may see two of them together. */
const MODEL = '^e2e/src/model/[^/]+[.]spec[.]ts$';

/** Loaded into the services by the prover, to change the parts that they are made of. */
const PRELOADS = '^e2e/src/prove/(museum/|crash-points/|pathologies/|rolling/(steps|install)\\.ts$)';

const core = layer('core');
const platform = layer('platform');
const apps = layer('app');
const tools = layer('tool');

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'Two files that need each other are one file, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      comment: 'The import leads nowhere. Is the package in this package.json, the ".js" there, the name in the index?',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'projects-meet-by-name',
      comment: 'Another project is imported by its name (@waybill/...), never by a path into its folder.',
      severity: 'error',
      from: { path: '^((?:apps|libs|infra)/[^/]+|e2e)/', pathNot: MODEL },
      to: { path: '^(apps|libs|infra|e2e)/', pathNot: '^$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'apps-never-import-one-another',
      comment: 'Services meet in events. What both need belongs into contracts.',
      severity: 'error',
      from: { path: inside(...apps) },
      to: { path: '^apps/', pathNot: '^$1/' },
    },
    {
      name: 'apps-know-libs-only',
      comment: 'A service must run without the tools around it.',
      severity: 'error',
      from: { path: inside(...apps) },
      to: { path: '^(infra|e2e)/' },
    },
    {
      name: 'libs-know-no-app',
      comment: 'The arrows point down: a lib serves any service, and names none.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(apps|infra|e2e)/' },
    },
    {
      name: 'platform-libs-never-import-one-another',
      comment: 'An app or service-defaults introduces them: ask for an interface or a function instead.',
      severity: 'error',
      from: { path: inside(...platform) },
      to: { path: '^libs/', pathNot: ['^$1/', inside(...core), inside(...layer('test'))] },
    },
    {
      name: 'core-knows-core-only',
      comment: 'Core is the bottom.',
      severity: 'error',
      from: { path: inside(...core) },
      to: { path: '^libs/', pathNot: [inside(...core), inside(...layer('test'))] },
    },
    {
      name: 'core-knows-no-framework',
      comment: 'Core is read by everything, also by what has no Nest, no ORM and no Kafka client.',
      severity: 'error',
      from: { path: inside(...core), pathNot: SPEC },
      to: { path: 'node_modules/(@nestjs/|typeorm/|kafkajs/|@platformatic/)' },
    },
    {
      name: 'testing-knows-core-only',
      comment: 'The specs of every lib import testing; a testing that imported a lib back would close a cycle.',
      severity: 'error',
      from: { path: inside(...layer('test')) },
      to: { path: '^(apps|libs|infra|e2e)/', pathNot: ['^$1/', inside(...core)] },
    },
    {
      name: 'testing-only-in-tests',
      comment: 'Production code never imports test support.',
      severity: 'error',
      from: { pathNot: [SPEC, '^e2e/', inside(...layer('test')), '^vitest[.]'] },
      to: { path: inside(...layer('test')) },
    },
    {
      name: 'domain-knows-nothing',
      comment: 'Rules are functions of state and command; clock, ids and storage are handed in.',
      severity: 'error',
      from: { path: '^(apps/[^/]+)/src/domain/', pathNot: SPEC },
      to: { pathNot: ['^$1/src/domain/', '^libs/contracts/'] },
    },
    {
      name: 'domain-takes-types-from-contracts',
      comment: `What an event looks like is a type; checking it is the doors' work. Use "import type".`,
      severity: 'error',
      from: { path: '^apps/[^/]+/src/domain/', pathNot: SPEC },
      to: { path: '^libs/contracts/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'use-cases-know-no-door',
      comment: 'A use case runs in the transaction it is given, whichever door (http, messaging) opened it.',
      severity: 'error',
      from: { path: '^(apps/[^/]+)/src/use-cases/' },
      to: { path: '^$1/src/(http|messaging)/' },
    },
    {
      name: 'tools-know-platform-and-core',
      comment: 'The local stack and the command line start services and look at them; they are not linked with them.',
      severity: 'error',
      from: { path: inside(...tools) },
      to: { path: ['^e2e/', ...apps.map((app) => `^${app}/`), inside(...layer('defaults'))] },
    },
    {
      name: 'services-load-no-tool',
      comment: 'What judges migrations brings a parser of 1.7 MB, which no service needs to run.',
      severity: 'error',
      from: { path: inside(...apps, ...layer('defaults')) },
      to: { path: inside(...tools.filter((folder) => folder.startsWith('libs/'))) },
    },
    {
      name: 'e2e-looks-from-outside',
      comment: 'A story speaks HTTP and Kafka like a customer would: contracts, testing and the local stack, no more.',
      severity: 'error',
      from: { path: '^e2e/', pathNot: [MODEL, '^e2e/src/bench/', PRELOADS] },
      to: { path: '^(apps|libs|infra)/', pathNot: '^(libs/contracts|libs/testing|infra/local)/' },
    },
    {
      name: 'models-walk-rules-only',
      comment: 'A model takes the rules of the services, which are plain functions, and nothing that has effects.',
      severity: 'error',
      from: { path: MODEL },
      to: { path: '^(apps|libs|infra)/', pathNot: '^(apps/[^/]+/src/domain|libs/contracts)/' },
    },
    {
      name: 'bench-knows-the-parts-it-measures',
      comment: 'The benchmark introduces outbox, Kafka and inbox to one another, as an app would; whole services it starts.',
      severity: 'error',
      from: { path: '^e2e/src/bench/' },
      to: { path: ['^apps/', inside(...layer('defaults'))] },
    },
    {
      name: 'preloads-know-the-parts-they-change',
      comment: 'What the prover loads into a service changes outbox, Kafka, inbox and the stop in it; the service itself it leaves alone.',
      severity: 'error',
      from: { path: PRELOADS },
      to: { path: ['^apps/', inside(...layer('defaults'))] },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '(^|/)dist/'] },
    // Programs of the benchmark's peers import what is not installed here; the version before stands where it is laid over.
    exclude: { path: '(^|/)dist/|^e2e/peers/|^e2e/src/upgrade/previous/' },
    tsConfig: { fileName: 'tsconfig.base.json' },
    // "specify" keeps imports of types apart from imports of values, and sees both.
    tsPreCompilationDeps: 'specify',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@waybill/source', 'types', 'import', 'node', 'default'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.json'],
    },
  },
};

/** Every workspace project with its layer, from the tag in its package.json: a new project needs no change here. */
function readProjects(root) {
  const children = (parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`);
  return [...children('apps'), ...children('libs'), ...children('infra'), 'e2e']
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => {
      const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      const tag = manifest.nx?.tags?.find((name) => name.startsWith('layer:'));
      if (tag === undefined) {
        throw new Error(`${folder}/package.json has no "layer:..." tag under "nx": no boundary would hold it. Add one.`);
      }
      return { folder, layer: tag.slice('layer:'.length) };
    });
}
