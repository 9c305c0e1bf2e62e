import { demo, DemoError } from './demo.js';
import { findStack, NoStackError } from './find-stack.js';
import { reconcileCommand } from './reconcile-command.js';
import { readStatus, renderStatus } from './status.js';

const HELP = `npm run waybill -- COMMAND [OPTIONS]

  status          how every service is, what waits in the outboxes, what the inboxes have handled, how far the
                  consumers are behind, and the orders by their status
    --json        the same for programs
  reconcile       compares orders, reservations and shipments across the databases; --help tells more
  demo            places an order and follows it to SHIPPED (npm run demo)

It finds the stack of \`npm start\` by .waybill/stack.json (or in WAYBILL_HOME), and that of \`docker compose up\` by its ports.`;

/** EX_USAGE of sysexits.h. */
const USAGE_EXIT_CODE = 64;

process.exitCode = await main(process.argv.slice(2));

async function main([command, ...args]: string[]): Promise<number> {
  if (command === 'reconcile') {
    // It has a help, and exit codes, of its own.
    return reconcileCommand(args);
  }
  if (command === undefined || command === '--help' || command === '-h' || args.includes('--help')) {
    console.log(HELP);
    return 0;
  }
  try {
    switch (command) {
      case 'status':
        return await status(args);
      case 'demo':
        return await demo(await findStack(), {
          print: (line) => console.log(line),
          colour: process.stdout.isTTY && !process.env['NO_COLOR'],
        });
      default:
        console.error(`There is no command "${command}".\n\n${HELP}`);
        return USAGE_EXIT_CODE;
    }
  } catch (error) {
    if (error instanceof NoStackError || error instanceof DemoError) {
      console.error(error.message);
      return 1;
    }
    throw error;
  }
}

async function status(args: string[]): Promise<number> {
  if (args.some((arg) => arg !== '--json')) {
    console.error(`status takes --json and nothing else; got ${args.join(' ')}.`);
    return USAGE_EXIT_CODE;
  }
  const current = await readStatus(await findStack());
  console.log(args.includes('--json') ? JSON.stringify(current, null, 2) : renderStatus(current));
  return 0;
}
