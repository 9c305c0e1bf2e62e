import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withSection } from './document.js';
import { type Figure, header, round, rows } from './figure.js';
import { machine } from './machine.js';
import { type Series, summaryOf } from './series.js';
import { aligned, markdown } from './text-table.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A picture of a part, beside its tables. */
export interface Chart {
  /** Of the file, without its ending. */
  readonly name: string;
  /** What somebody reads who does not see it. */
  readonly title: string;
  readonly svg: string;
}

/** What a part of the benchmark brings home. */
export interface Findings {
  readonly series: readonly Series[];
  readonly figures: readonly Figure[];
  readonly charts: readonly Chart[];
  /** What was left out, and why. */
  readonly remarks: readonly string[];
}

export interface Report extends Findings {
  readonly part: string;
  readonly date: string;
  readonly machine: string;
  /** Absent where nothing is measured in rounds. */
  readonly rounds?: number;
}

export function reportOf(part: string, findings: Findings, rounds?: number): Report {
  const date = new Date().toISOString().slice(0, 10);
  return { part, date, machine: machine(), ...(rounds === undefined ? {} : { rounds }), ...findings };
}

const seriesHeader = ['case', 'median', 'lowest to highest', 'rounds', 'cost'];

function seriesRows(series: readonly Series[]): string[][] {
  return series.map((each) => {
    const { median, spread } = summaryOf(each);
    const range = each.values.length > 1 ? `${round(spread.least)} to ${round(spread.most)}` : '';
    return [each.name, `${round(median)} ${each.unit}`, range, String(each.values.length), each.note ?? ''];
  });
}

function tablesOf(report: Report): string[][][] {
  return [
    report.series.length === 0 ? [] : [seriesHeader, ...seriesRows(report.series)],
    report.figures.length === 0 ? [] : [header, ...rows(report.figures)],
  ].filter((table) => table.length > 0);
}

export function asText(report: Report): string {
  const remarks = report.remarks.map((remark) => `- ${remark}`).join('\n');
  return [report.machine, ...tablesOf(report).map(aligned), remarks].filter((part) => part !== '').join('\n\n');
}

export function asJson(report: Report): string {
  const { charts: _charts, ...data } = report;
  return JSON.stringify(data, null, 2);
}

/** reports/bench-PART.json, which no commit holds. */
export function keep(report: Report): void {
  mkdirSync(join(root, 'reports'), { recursive: true });
  writeFileSync(join(root, 'reports', `bench-${report.part}.json`), `${asJson(report)}\n`);
}

/** The part's section of docs/performance.md, and its charts beside it. */
export function writeIntoDocument(report: Report): void {
  const folder = join(root, 'docs', 'performance');
  mkdirSync(folder, { recursive: true });
  for (const { name, svg } of report.charts) {
    writeFileSync(join(folder, `${name}.svg`), svg);
  }
  const rounds = report.rounds === undefined ? '' : ` ${report.rounds === 1 ? 'One round.' : `Medians of ${report.rounds} rounds in turns.`}`;
  const text = [
    `Measured on ${report.date}: ${report.machine}; load generator, Kafka and Postgres on the same machine.${rounds}`,
    ...report.charts.map(({ name, title }) => `![${title}](performance/${name}.svg)`),
    ...tablesOf(report).map(markdown),
    report.remarks.map((remark) => `- ${remark}`).join('\n'),
  ];
  const file = join(root, 'docs', 'performance.md');
  const document = readFileSync(file, 'utf8');
  writeFileSync(file, withSection(document, report.part, text.filter((each) => each !== '').join('\n\n')));
}
