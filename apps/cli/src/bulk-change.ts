import { type BulkResult, changeEach, interruptible, type ItemOutcome } from './bulk.js';
import type { Surroundings } from './command.js';
import type { Found } from './found.js';
import { type Listing, renderListing } from './listing.js';
import { palette } from './palette.js';
import { progressLine } from './progress-line.js';
import { tellTarget } from './service-database.js';

export interface BulkChange<T> {
  /** As the audit calls it, such as `dead.retry`. */
  readonly action: string;
  /** What one of them is, and several: `dead event`. */
  readonly noun: string;
  /** What is true of so many of them afterwards: `is tried again`, `are tried again`. */
  readonly done: (count: number) => string;
  readonly found: readonly Found<T>[];
  readonly listing: (found: readonly Found<T>[]) => Listing;
  readonly inJson: (found: Found<T>) => unknown;
  /** One transaction, its line in the audit included. */
  readonly change: (found: Found<T>) => Promise<ItemOutcome>;
}

export interface BulkChangeOptions {
  readonly limit: number | undefined;
  readonly rate: number | undefined;
  readonly 'dry-run': boolean;
  readonly json: boolean;
}

/**
 * Makes the change to each of them, or tells with `--dry-run` to which it would be made.
 *
 * Resolves with the exit code: 1 when some were not begun, and when every one had changed before its turn came.
 */
export async function changeSelected<T>(
  { action, noun, done, found, listing, inJson, change }: BulkChange<T>,
  options: BulkChangeOptions,
  { print, say, colour }: Surroundings,
): Promise<number> {
  const chosen = options.limit === undefined ? found : found.slice(0, options.limit);
  const spared = sparedInWords(found.length - chosen.length);
  tellTarget(
    action,
    chosen.map(({ database }) => database),
    say,
  );
  if (options['dry-run']) {
    if (options.json) {
      print(JSON.stringify({ action, dryRun: true, matched: found.length, items: chosen.map(inJson) }, null, 2));
    } else {
      print(renderListing({ ...listing(chosen), more: false }, palette(colour)));
      print([`\n  ${action} would be done to ${counted(chosen.length, noun)}.`, ...spared, 'Nothing was changed: --dry-run.'].join(' '));
    }
    return 0;
  }
  const result = await interruptible((signal) =>
    changeEach(chosen, { change, rate: options.rate, signal, onProgress: progressLine(say, action) }),
  );
  if (options.json) {
    print(JSON.stringify({ action, dryRun: false, matched: found.length, ...result }, null, 2));
  } else {
    print(`  ${[...inWords(result, noun, done), ...spared].join(' ')}`);
  }
  return result.left > 0 || (chosen.length > 0 && result.changed === 0) ? 1 : 0;
}

function inWords({ changed, gone, left }: BulkResult, noun: string, done: (count: number) => string): string[] {
  return [
    `${counted(changed, noun)} ${done(changed)}.`,
    ...(gone === 0 ? [] : [`${counted(gone, noun)} had changed meanwhile and stayed as ${gone === 1 ? 'it was' : 'they were'}.`]),
    ...(left === 0 ? [] : [`Interrupted: ${counted(left, noun)} not begun.`]),
  ];
}

function sparedInWords(count: number): string[] {
  if (count === 0) {
    return [];
  }
  return [count === 1 ? '1 more matches; --limit left it as it is.' : `${count} more match; --limit left them as they are.`];
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
