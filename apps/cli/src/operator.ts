import { hostname, userInfo } from 'node:os';

/** Who is written into the audit: `anna@laptop`, or the name that was given with `--as`. */
export function operatorName(as: string | undefined): string {
  return as ?? `${userName()}@${hostname()}`;
}

/** A container's user need not have a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
