// npm test: every step in order, all of them even if one fails, and at the end how many tests passed.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, npm, root, WorkspaceError } from './workspace.mjs';

const REPORTS = join(root, 'reports');

/** In the order in which they say the most in the least time. */
const steps = {
  types: { run: types, byDefault: true },
  lint: { run: () => one(npm(['run', '--silent', 'lint'])), byDefault: true },
  unit: { run: vitest('unit'), byDefault: true },
  integration: { run: vitest('integration'), byDefault: true },
  stories: { run: vitest('stories'), byDefault: true, needsBuild: true },
  docker: { run: vitest('docker'), needsBuild: true },
  long: { run: vitest('long'), needsBuild: true },
};

let child;
let stoppedBy;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    stoppedBy ??= signal;
    // From a terminal it has the signal already; a second one would make it stop in a hurry.
    if (signal !== 'SIGINT') {
      child?.kill(signal);
    }
  });
}

const { chosen, rest } = readArguments(process.argv.slice(2));
if (chosen !== undefined) {
  process.exitCode = await runSteps();
}

async function runSteps() {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const startedAt = Date.now();
  for (const name of chosen) {
    if (stoppedBy !== undefined) {
      break;
    }
    console.log(`\n== ${name}`);
    const stepStartedAt = Date.now();
    const result = await runStep(steps[name]);
    console.log(`   ${name}: ${summary(result)} (${seconds(stepStartedAt)})`);
    for (const key of Object.keys(total)) {
      total[key] += result[key];
    }
  }
  if (stoppedBy !== undefined) {
    console.log(`\nStopped by ${stoppedBy} before the end.`);
    total.failed += 1;
  }
  console.log(`\n${chosen.join(', ')} in ${seconds(startedAt)}`);
  console.log(summary(total));
  return total.failed === 0 ? 0 : 1;
}

async function runStep({ run, needsBuild }) {
  try {
    if (needsBuild) {
      await build((line) => console.log(line), { withTests: true });
    }
    return await run();
  } catch (error) {
    console.error(error instanceof WorkspaceError ? error.message : error);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

/** The build, and then the specs, which no build takes along. */
async function types() {
  await build((line) => console.log(line), { withTests: true });
  return one([process.execPath, tool('@typescript/native', 'tsc'), '-p', 'tsconfig.spec.json']);
}

/** A command that passes or fails as a whole: counted as one test. */
async function one(command) {
  const code = await run(command);
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

function vitest(project) {
  return async () => {
    if (!readFileSync(join(root, 'vitest.config.ts'), 'utf8').includes(`name: '${project}'`)) {
      console.log(`   There are no ${project} tests.`);
      return { passed: 0, failed: 0, skipped: 0 };
    }
    const report = join(REPORTS, `${project}.json`);
    mkdirSync(REPORTS, { recursive: true });
    rmSync(report, { force: true });
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const command = [process.execPath, tool('vitest', 'vitest'), 'run', `--project=${project}`, ...reporters, ...rest];
    const code = await run(command);
    return counted(report, code);
  };
}

/** A run may fail outside its tests, too: a file that cannot be imported, an error that nobody caught. */
function counted(report, code) {
  const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
  const passed = result.numPassedTests ?? 0;
  const failed = result.numFailedTests ?? 0;
  const skipped = (result.numPendingTests ?? 0) + (result.numTodoTests ?? 0);
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed, skipped };
}

function run([command, ...args]) {
  return new Promise((resolve) => {
    child = spawn(command, args, { cwd: root, stdio: 'inherit' });
    child.once('error', (error) => {
      console.error(error.message);
      resolve(127);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** The program of an installed package, as its package.json names it. */
function tool(packageName, bin) {
  const folder = join(root, 'node_modules', packageName);
  return join(folder, JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).bin[bin]);
}

function readArguments(args) {
  const index = args.indexOf('--only');
  const names = index < 0 ? undefined : (args[index + 1] ?? '').split(',');
  const unknown = names?.filter((name) => !Object.hasOwn(steps, name)) ?? [];
  if (unknown.length > 0) {
    console.error(`--only expects some of ${Object.keys(steps).join(', ')}; got "${unknown.join(', ')}".`);
    process.exitCode = 64;
    return { chosen: undefined, rest: [] };
  }
  const byDefault = Object.keys(steps).filter((name) => steps[name].byDefault);
  return { chosen: names ?? byDefault, rest: index < 0 ? args : args.toSpliced(index, 2) };
}

function summary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

function seconds(since) {
  return `${((Date.now() - since) / 1_000).toFixed(1)} s`;
}
