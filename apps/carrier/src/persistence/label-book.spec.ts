import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LabelBook } from './label-book.js';
import { labelOf } from './label-of-key.js';

let folder: string;
let path: string;
const books: LabelBook[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'label-book-'));
  path = join(folder, 'deeper', 'labels.jsonl');
});
afterEach(async () => {
  await Promise.all(books.splice(0).map((book) => book.onApplicationShutdown()));
  await rm(folder, { recursive: true });
});

async function open(): Promise<LabelBook> {
  const book = await LabelBook.open(path);
  books.push(book);
  return book;
}

describe('the label book', () => {
  it('knows keys and deletions after a restart', async () => {
    const book = await open();
    await book.issue('a');
    await book.issue('b');
    await book.delete(labelOf('b').id);
    const reopened = await open();
    expect(reopened.find(labelOf('a').id)).toEqual({ ...labelOf('a'), status: 'ACTIVE' });
    expect(reopened.find(labelOf('b').id)).toEqual({ ...labelOf('b'), status: 'DELETED' });
    expect(reopened.find(labelOf('c').id)).toBeUndefined();
  });

  it('never brings a deleted label back', async () => {
    const book = await open();
    await book.issue('a');
    await book.delete(labelOf('a').id);
    expect(await book.issue('a')).toMatchObject({ status: 'DELETED' });
    // As two that asked at the same time leave it.
    await appendFile(path, '{"key":"a"}\n');
    expect((await open()).find(labelOf('a').id)).toMatchObject({ status: 'DELETED' });
  });

  it('knows a key once it is written, and not before', async () => {
    const book = await open();
    const issued = book.issue('a');
    expect(book.find(labelOf('a').id)).toBeUndefined();
    await issued;
    expect(book.find(labelOf('a').id)).toBeDefined();
  });

  it('has written what it answers, also when many ask at once', async () => {
    const book = await open();
    const keys = Array.from({ length: 200 }, (_, index) => `key-${index}`);
    await Promise.all(
      keys.map(async (key) => {
        await book.issue(key);
        expect(await readFile(path, 'utf8')).toContain(`{"key":"${key}"}\n`);
      }),
    );
    const reopened = await open();
    expect(keys.every((key) => reopened.find(labelOf(key).id) !== undefined)).toBe(true);
  });

  it('skips a line that a kill has cut off, and goes on behind it', async () => {
    await (await open()).issue('a');
    await appendFile(path, '{"key":"b');
    await (await open()).issue('c');
    const reopened = await open();
    expect(reopened.find(labelOf('a').id)).toBeDefined();
    expect(reopened.find(labelOf('b').id)).toBeUndefined();
    expect(reopened.find(labelOf('c').id)).toBeDefined();
  });

  it('remembers without a file until it ends', async () => {
    const book = await LabelBook.open(undefined);
    await book.issue('a');
    expect(book.find(labelOf('a').id)).toBeDefined();
  });
});
