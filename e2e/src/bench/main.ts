import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BenchStack } from './bench-stack.js';
import { type Figure, header, reached, rows } from './figure.js';
import { quick } from './quick.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const BEGIN = '<!-- begin: npm run bench -- quick --write -->';
const END = '<!-- end -->';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
});

if (positionals.length > 1 || (positionals[0] ?? 'quick') !== 'quick') {
  console.error(`Expected: npm run bench -- quick [--json] [--write]; got "${positionals.join(' ')}".`);
  process.exit(64);
}

const say = (line: string) => console.error(`bench: ${line}`);
const stack = await BenchStack.start();
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupted = true;
    void stack.stop().finally(() => process.exit(130));
  });
}
let figures: Figure[];
try {
  figures = await quick(stack, say);
} finally {
  if (!interrupted) {
    await stack.stop();
  }
}
report(figures);

function report(measured: readonly Figure[]): void {
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? arch()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()}, Node ${process.versions.node}`;
  const date = new Date().toISOString().slice(0, 10);
  mkdirSync(join(root, 'reports'), { recursive: true });
  const json = `${JSON.stringify({ date, machine, figures: measured }, null, 2)}\n`;
  writeFileSync(join(root, 'reports', 'bench-quick.json'), json);
  if (values.write) {
    writeIntoDocument(`Measured on ${date}: ${machine}; load generator, Kafka and Postgres on the same machine.\n\n${markdown(measured)}`);
  }
  console.log(values.json ? json.trimEnd() : `${machine}\n\n${aligned([header, ...rows(measured)])}`);
  const missed = measured.filter((figure) => reached(figure) === false);
  if (missed.length > 0) {
    say(`not reached: ${missed.map(({ name }) => name).join('; ')}`);
  }
}

function markdown(measured: readonly Figure[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows(measured).map(line)].join('\n');
}

function aligned(table: readonly (readonly string[])[]): string {
  const widths = header.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  return table
    .map((cells) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd())
    .join('\n');
}

function writeIntoDocument(text: string): void {
  const file = join(root, 'docs', 'performance.md');
  const document = readFileSync(file, 'utf8');
  const from = document.indexOf(BEGIN);
  const to = document.indexOf(END, from);
  if (from < 0 || to < 0) {
    throw new Error(`${file} should hold "${BEGIN}" and "${END}": the figures go between them`);
  }
  writeFileSync(file, `${document.slice(0, from + BEGIN.length)}\n\n${text}\n\n${document.slice(to)}`);
}
