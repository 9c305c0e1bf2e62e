import type { ConfigProblem } from './config-error.js';
import { type ReadFile, readPem, readTextFile } from './read-file.js';

/** The part of Node's TLS options that `sslmode` and the files decide. */
export interface DatabaseTls {
  readonly rejectUnauthorized: boolean;
  /** Set where the name in the certificate does not matter. */
  readonly checkServerIdentity?: () => undefined;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** How to reach a Postgres server. */
export interface DatabaseConnection {
  readonly url: string;
  readonly ssl: false | DatabaseTls;
}

const MODES = ['disable', 'require', 'verify-ca', 'verify-full'];

/**
 * Reads what libpq would read from a Postgres URL: sslmode, sslrootcert, sslcert, sslkey; all problems at once.
 *
 * `prefer` and `allow` are refused: they fall back to no encryption without saying so.
 */
export function parseDatabase(
  name: string,
  url: string,
  readFile: ReadFile = readTextFile,
): { readonly connection: DatabaseConnection; readonly problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const parameters = new URL(url).searchParams;
  const mode = parameters.get('sslmode') ?? 'disable';
  if (!MODES.includes(mode)) {
    problems.push({ name, message: `has sslmode=${mode}: expected ${MODES.join(' | ')}.` });
  }
  const files = ['sslrootcert', 'sslcert', 'sslkey'] as const;
  if (mode === 'disable') {
    for (const each of files.filter((file) => parameters.has(file))) {
      problems.push({
        name,
        message: `has ${each}, but no sslmode that uses it. Add sslmode=verify-full, or leave ${each} out.`,
      });
    }
    return { connection: { url, ssl: false }, problems };
  }
  const [ca, cert, key] = files.map((file) =>
    readPem(`${name} (${file})`, parameters.get(file) ?? undefined, readFile, problems),
  );
  if (parameters.has('sslcert') !== parameters.has('sslkey')) {
    problems.push({ name, message: 'has only one of sslcert and sslkey. A certificate needs its key; set both or neither.' });
  }
  return {
    connection: {
      url,
      ssl: {
        // As in libpq: "require" checks nothing unless it is told which authority to trust.
        rejectUnauthorized: mode !== 'require' || ca !== undefined,
        ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
      },
    },
    problems,
  };
}
