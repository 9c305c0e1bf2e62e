import { runCommand } from './command.js';
import { commands } from './command-table.js';
import { exitCodeOf } from './exit-code.js';

const REMARK = `It works on the databases of WAYBILL_ORDERS_DATABASE_URL, WAYBILL_INVENTORY_DATABASE_URL and
WAYBILL_SHIPPING_DATABASE_URL, and the brokers of WAYBILL_KAFKA_BROKERS; where none of the three is set, on the stack of
\`npm start\` that .waybill/stack.json (or WAYBILL_HOME) names. \`status\` and \`demo\` always mean that stack. What changes something is written to the audit table of that service.

Exit codes: 0 done, 1 not done or not all of it, 64 wrong usage, 69 something cannot be asked, 78 a wrong setting.`;

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
    const exitCode = exitCodeOf(error);
    if (exitCode === undefined) {
      throw error;
    }
    console.error((error as Error).message);
    return exitCode;
  } finally {
    clearTimeout(silence);
  }
}
