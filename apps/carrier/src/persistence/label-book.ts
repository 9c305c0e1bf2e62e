import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Label } from '../domain/label.js';
import { labelOf } from './label-of-key.js';

type Entry = { readonly key: string } | { readonly deleted: string };

/**
 * Remembers which keys were asked for and which labels were deleted, across restarts: one JSON line each, only appended.
 *
 * An answer is given after its line was written, so a carrier that was killed knows what it said. Lines that come at the
 * same time are written together. A line that the kill cut off is skipped: nobody was told of it.
 */
export class LabelBook {
  private readonly labels = new Map<string, Label>();
  /** The lines that go into the next write, which begins when the one before it has ended. */
  private next: { readonly lines: string[]; readonly written: Promise<void> } | undefined;
  private last: Promise<void> = Promise.resolve();

  private constructor(private readonly file: FileHandle | undefined) {}

  /** Without a path it remembers until it ends. */
  static async open(path: string | undefined): Promise<LabelBook> {
    if (path === undefined) {
      return new LabelBook(undefined);
    }
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'a');
    const book = new LabelBook(file);
    const text = await readFile(path, 'utf8');
    for (const line of text.split('\n')) {
      book.apply(entryIn(line));
    }
    if (text !== '' && !text.endsWith('\n')) {
      await file.appendFile('\n');
    }
    return book;
  }

  find(id: string): Label | undefined {
    return this.labels.get(id);
  }

  async issue(key: string): Promise<Label> {
    const label = labelOf(key);
    if (!this.labels.has(label.id)) {
      await this.write({ key });
    }
    return this.labels.get(label.id) ?? label;
  }

  async delete(id: string): Promise<void> {
    await this.write({ deleted: id });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.last.catch(() => undefined);
    await this.file?.close();
  }

  /** Known only once it is written: an answer never tells more than the file. */
  private async write(entry: Entry): Promise<void> {
    if (this.file !== undefined) {
      await this.append(this.file, `${JSON.stringify(entry)}\n`);
    }
    this.apply(entry);
  }

  private append(file: FileHandle, line: string): Promise<void> {
    if (this.next === undefined) {
      const lines: string[] = [];
      const written = this.last
        .catch(() => undefined)
        .then(() => {
          this.next = undefined;
          return file.appendFile(lines.join(''));
        });
      this.next = { lines, written };
      this.last = written;
    }
    this.next.lines.push(line);
    return this.next.written;
  }

  private apply(entry: Entry | undefined): void {
    if (entry === undefined) {
      return;
    }
    const label = 'key' in entry ? labelOf(entry.key) : this.labels.get(entry.deleted);
    if (label !== undefined) {
      this.labels.set(label.id, 'key' in entry ? (this.labels.get(label.id) ?? label) : { ...label, status: 'DELETED' });
    }
  }
}

function entryIn(line: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) {
      return undefined;
    }
    if ('key' in value && typeof value.key === 'string') {
      return { key: value.key };
    }
    return 'deleted' in value && typeof value.deleted === 'string' ? { deleted: value.deleted } : undefined;
  } catch {
    return undefined;
  }
}
