import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';

const POLL_INTERVAL_MS = 50;
const CHUNK_BYTES = 64 * 1024;
/** A file that has grown beyond it is copied to `<name>.1` and emptied. */
const LARGEST_BYTES = 64 * 1024 * 1024;

/**
 * The log of a child process: the child writes into the file itself, and we read behind it.
 *
 * No pipe, so that a child neither waits for a slow reader nor dies with it.
 */
export class LogFile {
  private offset = 0;
  private rest = '';
  private decoder = new StringDecoder('utf8');
  private timer: NodeJS.Timeout | undefined;
  private readonly listeners = new Set<(line: string) => void>();

  /** The log of the run before is kept as `<name>.1`. */
  constructor(readonly path: string) {
    mkdirSync(dirname(path), { recursive: true });
    if (existsSync(path) && statSync(path).size > 0) {
      renameSync(path, `${path}.1`);
    }
  }

  /** For the child's stdout and stderr. Appending, so that emptying the file does not leave a hole. */
  openForAppending(): number {
    return openSync(this.path, 'a', 0o600);
  }

  /** Calls back with every line written from now on; the function that is returned ends it. */
  follow(onLine: (line: string) => void): () => void {
    if (this.listeners.size === 0) {
      this.rest = '';
      this.decoder = new StringDecoder('utf8');
      this.offset = existsSync(this.path) ? statSync(this.path).size : 0;
      this.timer = setInterval(() => this.read(), POLL_INTERVAL_MS);
      this.timer.unref();
    }
    this.listeners.add(onLine);
    return () => {
      if (this.listeners.has(onLine)) {
        this.read();
        this.listeners.delete(onLine);
        if (this.listeners.size === 0) {
          clearInterval(this.timer);
        }
      }
    };
  }

  /** Reads what has been written by now, without waiting for the next turn. */
  read(): void {
    const stats = statSync(this.path, { throwIfNoEntry: false });
    if (stats === undefined || stats.size === this.offset) {
      return;
    }
    const file = openSync(this.path, 'r');
    try {
      if (stats.size < this.offset) {
        this.offset = 0;
      }
      const buffer = Buffer.alloc(CHUNK_BYTES);
      for (let count = readSync(file, buffer, 0, CHUNK_BYTES, this.offset); count > 0; ) {
        this.offset += count;
        this.take(this.decoder.write(buffer.subarray(0, count)));
        count = readSync(file, buffer, 0, CHUNK_BYTES, this.offset);
      }
    } finally {
      closeSync(file);
    }
    if (this.offset > LARGEST_BYTES) {
      copyFileSync(this.path, `${this.path}.1`);
      truncateSync(this.path);
      this.offset = 0;
    }
  }

  private take(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      for (const listener of this.listeners) {
        listener(line);
      }
    }
  }
}
