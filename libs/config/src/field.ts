import { z } from 'zod';

/** What the reports and the generated documents say about a setting; `describe` holds the reason it exists. */
export interface FieldFacts {
  /** Completes the sentence "expected …". */
  readonly expected?: string;
  readonly example?: string;
  /** The value is never repeated, neither in a report nor in a document. */
  readonly secret?: boolean;
  /** What the value is when nothing is set, where that is not a fixed default. */
  readonly otherwise?: string;
}

/** A setting's text turned into a value; `read` returns undefined for what it refuses. */
function field<T>(facts: FieldFacts & { readonly expected: string }, read: (text: string) => T | undefined) {
  return z
    .string()
    .transform((text, context): T => {
      const value = read(text.trim());
      if (value === undefined) {
        context.addIssue({ code: 'custom', message: `expected ${facts.expected}` });
        return z.NEVER;
      }
      return value;
    })
    .meta({ ...facts });
}

export function integer(limits: { readonly min: number; readonly max: number }) {
  return field({ expected: `a whole number from ${limits.min} to ${limits.max}` }, (text) => {
    const value = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return value >= limits.min && value <= limits.max ? value : undefined;
  });
}

export function port() {
  return integer({ min: 1, max: 65_535 });
}

export function durationMs(limits: { readonly min: number; readonly max: number }) {
  return field({ expected: `milliseconds, a whole number from ${limits.min} to ${limits.max}` }, (text) => {
    const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
    return value >= limits.min && value <= limits.max ? value : undefined;
  });
}

/** One of a few words, upper or lower case. */
export function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return field<T[number]>({ expected: words.join(' | ') }, (text) =>
    words.find((word) => word === text.toLowerCase()),
  );
}

/** A comma-separated list without repetitions, each item one of a few words. */
export function someOf<const T extends readonly [string, ...string[]]>(words: T) {
  return field<T[number][]>({ expected: `a comma-separated list of ${words.join(', ')}` }, (text) => {
    const asked = text.split(',').map((word) => word.trim().toLowerCase());
    const known = words.filter((word) => asked.includes(word));
    return asked.every((word) => known.includes(word)) ? known : undefined;
  });
}

export function httpUrl() {
  return field(
    { expected: 'an http:// or https:// address without a password', example: 'http://127.0.0.1:4318' },
    (text) => {
      const url = parseUrl(text);
      const usable = url !== undefined && /^https?:$/.test(url.protocol) && url.password === '';
      return usable ? text.replace(/\/+$/, '') : undefined;
    },
  );
}

/** Free text on one line. */
export function line(facts: FieldFacts = {}) {
  return field({ ...facts, expected: facts.expected ?? 'text on one line' }, (text) =>
    text !== '' && !/[\r\n\0]/.test(text) ? text : undefined,
  );
}

/** The path of a file; that it exists and can be read is checked where it is used. */
export function file(facts: FieldFacts = {}) {
  return line({ ...facts, expected: facts.expected ?? 'the path of a file' });
}

/** A value that no report and no document may show. */
export function secret(facts: FieldFacts = {}) {
  return line({ ...facts, secret: true });
}

/** `host:port, host:port`. IPv6 hosts stand in brackets. */
export function hostList() {
  const expected = 'one or more host:port, comma-separated';
  return field({ expected, example: '127.0.0.1:9092' }, (text) => {
    const hosts = text.split(',').map((host) => host.trim());
    return hosts.every(isHostAndPort) ? hosts : undefined;
  });
}

function isHostAndPort(text: string): boolean {
  const match = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[1]);
  return port >= 1 && port <= 65_535;
}

export function postgresUrl() {
  const expected = 'postgres://user:password@host:port/database, optionally with ?sslmode=…';
  return field({ expected, example: 'postgres://user:password@127.0.0.1:5432/database', secret: true }, (text) => {
    const url = parseUrl(text);
    const usable =
      url !== undefined &&
      /^postgres(ql)?:$/.test(url.protocol) &&
      url.hostname !== '' &&
      url.username !== '' &&
      url.pathname.length > 1;
    return usable ? text : undefined;
  });
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
