import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { services } from '@waybill/contracts';
import { z } from 'zod';
import { replaceFile } from './file-replacement.js';
import { SetUpError } from './set-up-error.js';

/** Two logins a service, so that one password can be changed while the other is in use; services use `_a`. */
export const logins = services.flatMap((service) => [`${service}_a`, `${service}_b`]);

const schema = z.object({ admin: z.string().min(16), logins: z.record(z.string(), z.string().min(16)) });

/** Passwords of the local Postgres, made once for each home; readable by their owner only. */
export type Credentials = z.infer<typeof schema>;

export function loadCredentials(home: string): Credentials {
  const file = join(home, 'credentials.json');
  if (!existsSync(file)) {
    const credentials = { admin: password(), logins: Object.fromEntries(logins.map((login) => [login, password()])) };
    replaceFile(file, `${JSON.stringify(credentials, null, 2)}\n`);
    return credentials;
  }
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new SetUpError(
      `${file} should hold the passwords of the local Postgres, and does not. Put it back, or forget the data and it: npm start -- --fresh.`,
      { cause: error },
    );
  }
}

/** No character that would need an escape in a URL, in SQL or in a shell. */
function password(): string {
  return randomBytes(18).toString('base64url');
}
