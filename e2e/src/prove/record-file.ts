import { createReadStream, createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { RunRecord } from './record.js';

/** The parts of a record that are lists: a line a row. The others are a line each. */
const lists = [
  'requests',
  'faults',
  'samples',
  'ledger',
  'handled',
  'changes',
  'outbox',
  'parked',
  'deadRecords',
  'orders',
  'reservations',
  'shipments',
  'stock',
  'labels',
  'records',
  'offsets',
  'planted',
] as const satisfies readonly (keyof RunRecord)[];
type List = (typeof lists)[number];

/** The last line: a file without it was cut off, and would prove what is not so. */
const END = 'end';
const CHUNK_CHARS = 256 * 1024;
/** Enough for text that repeats itself as much as this does, and twice as fast as the default. */
const GZIP_LEVEL = 3;

/**
 * Writes the record as gzipped JSON lines, `["ledger", {...}]`, one line a row. Nothing stands at `path` before all of it
 * is written.
 */
export async function writeRecord(path: string, record: RunRecord): Promise<void> {
  const unfinished = `${path}.part`;
  await pipeline(Readable.from(chunksOf(record)), createGzip({ level: GZIP_LEVEL }), createWriteStream(unfinished));
  await rename(unfinished, path);
}

function* chunksOf(record: RunRecord): Generator<string> {
  let chunk = '';
  for (const line of linesOf(record)) {
    chunk += line;
    if (chunk.length > CHUNK_CHARS) {
      yield chunk;
      chunk = '';
    }
  }
  yield chunk;
}

function* linesOf(record: RunRecord): Generator<string> {
  yield lineOf('run', record.run);
  if (record.replay !== undefined) {
    yield lineOf('replay', record.replay);
  }
  for (const name of lists) {
    for (const row of record[name] ?? []) {
      yield lineOf(name, row);
    }
  }
  yield lineOf(END, null);
}

function lineOf(name: string, row: unknown): string {
  return `${JSON.stringify([name, row])}\n`;
}

/**
 * Reads what `writeRecord` has written.
 *
 * @throws RecordFileError when the file is no record, or not all of one
 */
export async function readRecord(path: string): Promise<RunRecord> {
  const reading = new RecordReading();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of unzipped(path)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        reading.take(line);
      }
    }
  } catch (cause) {
    const isDamage = cause instanceof Error && 'code' in cause && String(cause.code).startsWith('Z_');
    throw isDamage ? new RecordFileError('is not a whole gzip file', cause) : cause;
  }
  return reading.end();
}

function unzipped(path: string): AsyncIterable<Buffer> {
  const file = createReadStream(path);
  const text = createGunzip();
  // `pipe` hands on the end, and not the errors.
  file.once('error', (error) => text.destroy(error));
  text.once('close', () => file.destroy());
  return file.pipe(text);
}

/** The record as far as it is read. */
class RecordReading {
  private readonly rows: Record<string, unknown[]> = Object.fromEntries(lists.map((name) => [name, []]));
  private readonly single: { run?: unknown; replay?: unknown } = {};
  /** Ids stand in many rows; kept once, a record of 100,000 orders needs half the memory. */
  private readonly texts = new Map<string, string>();
  private lineNumber = 0;
  private ended = false;

  take(line: string): void {
    this.lineNumber += 1;
    const [name, row] = this.parse(line);
    if (name === END) {
      this.ended = true;
    } else if (name === 'run' || name === 'replay') {
      this.single[name] = row;
    } else {
      this.rows[name]?.push(this.withSharedTexts(row as Record<string, unknown>));
    }
  }

  end(): RunRecord {
    const { run, replay } = this.single;
    if (!this.ended || run === undefined) {
      throw new RecordFileError('ends before the record does; was its writing interrupted?');
    }
    this.texts.clear();
    const { planted = [], ...rows } = this.rows;
    return {
      ...(rows as unknown as Pick<RunRecord, Exclude<List, 'planted'>>),
      ...(planted.length === 0 ? {} : { planted: planted as NonNullable<RunRecord['planted']> }),
      run: run as RunRecord['run'],
      ...(replay === undefined ? {} : { replay: replay as NonNullable<RunRecord['replay']> }),
    };
  }

  private parse(line: string): [name: string, row: unknown] {
    let pair: unknown;
    try {
      pair = JSON.parse(line);
    } catch (cause) {
      throw new RecordFileError(`line ${this.lineNumber} is not JSON`, cause);
    }
    if (!Array.isArray(pair) || typeof pair[0] !== 'string' || !isLine(pair[0])) {
      throw new RecordFileError(`line ${this.lineNumber} should be ["ledger", {...}] or the like, got ${line.slice(0, 80)}`);
    }
    return [pair[0], pair[1]];
  }

  private withSharedTexts(row: Record<string, unknown>): Record<string, unknown> {
    for (const name in row) {
      const value = row[name];
      if (typeof value === 'string') {
        const known = this.texts.get(value);
        if (known === undefined) {
          this.texts.set(value, value);
        } else {
          row[name] = known;
        }
      }
    }
    return row;
  }
}

const known: ReadonlySet<string> = new Set([...lists, 'run', 'replay', END]);

function isLine(name: string): boolean {
  return known.has(name);
}

/** The file is no record of a run, or not all of one. */
export class RecordFileError extends Error {
  readonly code = 'RECORD_FILE';

  constructor(problem: string, cause?: unknown) {
    super(`The record of the run cannot be read: the file ${problem}. Take another one, or run the prover again.`, { cause });
    this.name = 'RecordFileError';
  }
}
