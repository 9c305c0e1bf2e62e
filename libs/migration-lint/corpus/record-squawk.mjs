// Writes down what squawk finds in the corpus, which is committed: squawk itself is no dependency, because its packages
// for platforms are incomplete. Usage: node libs/migration-lint/corpus/record-squawk.mjs PATH_OF_SQUAWK
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [squawk = 'squawk'] = process.argv.slice(2);
const here = import.meta.dirname;
const scratch = mkdtempSync(join(tmpdir(), 'corpus-'));
const preamble = "SET lock_timeout = '1s';\nSET statement_timeout = '15s';\n";

const version = execFileSync(squawk, ['--version'], { encoding: 'utf8' }).trim().split(' ').at(-1);
const findings = {};
for (const file of readdirSync(here).filter((name) => name.endsWith('.sql')).sort()) {
  for (const part of readFileSync(join(here, file), 'utf8').split(/^-- @ /m).slice(1)) {
    const [head = '', ...lines] = part.split('\n');
    const [, name = '', bare] = /^([\w-]+)( \(bare\))?:/.exec(head) ?? [];
    findings[name] = rulesFoundIn(`${bare === undefined ? preamble : ''}${lines.join('\n').trim()}\n`);
  }
}
rmSync(scratch, { recursive: true });
writeFileSync(join(here, 'squawk.json'), `${JSON.stringify({ version, findings }, null, 2)}\n`);
console.log(`squawk ${version}: ${Object.keys(findings).length} statements`);

function rulesFoundIn(sql) {
  const file = join(scratch, 'case.sql');
  writeFileSync(file, sql);
  let output;
  try {
    output = execFileSync(squawk, ['--reporter', 'json', '--pg-version', '18.0', file], { encoding: 'utf8' });
  } catch (error) {
    // It exits with 1 when it has found something.
    output = error.stdout;
  }
  return [...new Set(JSON.parse(output).map(({ rule_name: rule }) => rule))].sort();
}
