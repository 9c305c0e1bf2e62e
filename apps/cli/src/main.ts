import { ConfigError } from '@waybill/config';
import { runCommand } from './command.js';
import { RefusedError } from './command-errors.js';
import { commands } from './command-table.js';
import { DemoError } from './demo.js';
import { NoStackError } from './find-stack.js';

const REMARK = `It works on the stack of \`npm start\` that .waybill/stack.json (or WAYBILL_HOME) names; where none runs, on the databases of
WAYBILL_ORDERS_DATABASE_URL, WAYBILL_INVENTORY_DATABASE_URL and WAYBILL_SHIPPING_DATABASE_URL, and the brokers of
WAYBILL_KAFKA_BROKERS. What changes something is written to the audit table of that service.`;

/** Longer silence makes a person wonder. */
const SILENCE_MS = 2_000;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const silence = setTimeout(() => {
    if (process.stderr.isTTY) {
      console.error('  … still at it; Ctrl-C ends it');
    }
  }, SILENCE_MS);
  try {
    return await runCommand(
      commands,
      args,
      {
        env: process.env,
        print: (line) => {
          clearTimeout(silence);
          console.log(line);
        },
        say: (line) => {
          clearTimeout(silence);
          console.error(line);
        },
        colour: process.stdout.isTTY && !process.env['NO_COLOR'],
      },
      REMARK,
    );
  } catch (error) {
    if ([RefusedError, NoStackError, DemoError, ConfigError].some((known) => error instanceof known)) {
      console.error((error as Error).message);
      return 1;
    }
    throw error;
  } finally {
    clearTimeout(silence);
  }
}
