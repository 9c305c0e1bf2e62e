// What every npm script of the root goes through: checks Node, installs and builds what is missing, then runs the command
// in this same process, so that signals and exit codes are its own. (Pre-scripts would not do: ignore-scripts is on.)
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const OLDEST_NODE = [20, 19];
/** EX_CONFIG of sysexits.h: something about this machine is not as it must be. */
const SET_UP_EXIT_CODE = 78;

const commands = {
  start: {
    file: 'infra/local/dist/start.js',
    help: `npm start [-- OPTIONS]   Starts the whole platform; Ctrl-C stops it.

Kafka and Postgres come from WAYBILL_KAFKA_BROKERS and WAYBILL_*_DATABASE_URL, or a Docker engine, or are started
here from Maven's jars and npm's binaries (WAYBILL_INFRA=external|docker|embedded decides it outright).
Data, logs and credentials lie in .waybill/ and survive.

  --fresh          forget the data first (never touches external servers)
  --detach         return when everything is ready; npm stop ends it
  --instances N    run N of each service (default 1)
  --no-restart     leave a service dead that has crashed or was killed
  --port-offset N  add N to every port, so that two stacks run side by side (or WAYBILL_PORT_OFFSET)

Variables: WAYBILL_HOME, WAYBILL_INFRA, WAYBILL_PORT_OFFSET, ORDERS_PORT, INVENTORY_PORT, SHIPPING_PORT, CARRIER_PORT,
LOG_LEVEL, OTEL_EXPORTER_OTLP_ENDPOINT; what else a service reads is passed on. See infra/local/README.md.`,
  },
  stop: {
    file: 'infra/local/dist/stop.js',
    // Stopping must not wait for a compiler, nor fail because of a half-written file.
    build: 'if-missing',
    help: `npm stop   Stops the stack that runs in .waybill/ (or WAYBILL_HOME), and waits until it has ended.`,
  },
  dev: {
    file: 'infra/local/dist/dev.js',
    help: `npm run dev -- SERVICE [--inspect[=PORT]]   Works on one service against the running stack.

Takes the service's place in the stack, builds it at every change and starts it again. Ctrl-C gives the place back.

  SERVICE         orders, inventory, shipping or carrier
  --inspect       opens Node's debugger (default port 9229)
  --instance N    which instance to replace (default 1)`,
  },
  waybill: { file: 'apps/cli/dist/main.js', ownHelp: true },
  demo: {
    file: 'apps/cli/dist/main.js',
    args: ['demo'],
    help: `npm run demo   Places an order on the running stack, follows it to SHIPPED, and prints each event.`,
  },
  bench: {
    file: 'e2e/dist/bench/main.js',
    build: 'with-tests',
    help: `npm run bench -- [PART ...] [OPTIONS]   Measures on a Kafka and a Postgres of its own, and prints the figures.

  quick      memory, start, latency and throughput of the whole platform, in less than two minutes (the default)
  relay      outbox to Kafka: raw producer, raw insert, one, two and four relays, streams at 10, 50 and 90 %
  inbox      Kafka to effect: a transaction an event, a chunk, a set; without and with duplicates
  peers      other outbox libraries and Debezium beside ours, on the same broker
  latency    idle, in separate processes; and what the wake-up costs the writers
  prices     what each promise costs: outbox, inbox, order, tracing
  orders     orders from POST to SHIPPED, everything at work
  all        these six
  steady     2,000 rows a second for ten minutes: drift, size of the outbox
  backlog    1,000,000 rows: rate and memory

  --rounds N    how often each case is measured, in turns (5)
  --rows N      rows of a backlog (relay, peers: 100,000; backlog: 1,000,000)
  --seconds N   how long steady goes on (600)
  --json        print JSON
  --write       put figures and charts into docs/performance.md

The figures are kept in reports/bench-PART.json. Peers are installed into e2e/peers when they are asked for, Debezium
comes from Maven. Load goes to this machine only. Exit code 64: wrong arguments.`,
  },
  prove: {
    file: 'e2e/dist/prove/main.js',
    build: 'with-tests',
    help: `npm run prove -- [run] [OPTIONS]   Runs the platform, breaks it, and checks that it has kept its promise.

Two instances of each service on a Kafka and a Postgres of their own, a load of orders, a plan of faults; then everything
is healed, and what the clients, the databases and the topics have recorded is checked against the invariants I1 to I13.

  --seed N         the load and the faults of this seed (a random one, which is printed)
  --seeds N        N seeds, one after another, from --seed on
  --orders N       how many orders (300)
  --duration S     over how many seconds they come in (35 a second, at least 30 s)
  --faults KINDS   all, none, or some of kill,pause,broker,database,network,carrier,rolling (all)
  --instances N    of each service (2)
  --keep           leave the folder of data and logs
  --json           print verdicts and faults as JSON

npm run prove -- check FILE   checks a record again, and runs nothing.
npm run prove -- crash-points [OPTIONS]   does everything bad to each call that a service makes to the outside (20 minutes).

  --list           list the points, and do nothing to them
  --only TEXT      only points whose name contains this
  --modes LIST     some of kill,pause,timeout (all)

npm run prove -- idle         leaves the platform alone with a simulated kubelet: nothing may be restarted (10 minutes).

  --minutes N          how long (10)
  --instances N        of each service (2)
  --stuck-seconds N    HEALTH_STUCK_MS of the services, in seconds (their own default)

npm run prove -- rolling [OPTIONS]   restarts every instance in turn under load: no request may fail (2 minutes).

  --requests N       at least, in each round (as many as the restarts last for)
  --rounds N         how often everything is restarted (1)
  --rate N           requests a second (200)
  --leave-out STEPS  the controls: all, none, or some steps of the stop; see its --help (all)

npm run prove -- museum       runs wrong designs in the place of ours, and convicts each of them (20 minutes).

  --only NAMES     some of them; see docs/patterns/wrong-designs.md
  --seeds N        that each is tried with until it is convicted (5)
  --write          renew the table in docs/patterns/wrong-designs.md

npm run prove -- upgrade      renames a column and upgrades every service, step by step and back, under 200 requests a second (5 minutes).

  --requests N     go on until N have been sent
  --rate N         requests a second (200)
  --rows N         orders that are there before (30000)
  --from REF       the version before, from git; absent: this tree with e2e/src/upgrade/previous laid over it
  --only PARTS     some of upgrade,controls,suite (all)

npm run prove -- matrix       runs two versions of the services side by side, in every combination (10 minutes).

  --orders N       in each combination (300)
  --from REF       the version before, from git
  --only WORD      combinations whose name contains this: "inventory older"

The record is kept in reports/prove/SEED/. Load and faults go to this machine only. Exit codes: 0 the promise held,
1 it was broken, 64 wrong arguments.`,
  },
  test: {
    file: 'infra/local/test.mjs',
    build: false,
    help: `npm test [-- --only STEP[,STEP]] [-- ARGS]   Types, lint, unit, integration and stories.

  --only STEP      types, lint, unit, integration, stories (also: docker, long)
  ARGS             go to vitest: a part of a file's name, -t 'part of a test's name'`,
  },
  'test:docker': {
    file: 'infra/local/test.mjs',
    args: ['--only', 'docker'],
    build: false,
    help: `npm run test:docker   The tests that need a Docker engine: images, compose, Testcontainers.`,
  },
  'test:long': {
    file: 'infra/local/test.mjs',
    args: ['--only', 'long'],
    build: false,
    help: `npm run test:long   The tests that are too long for every change: instances that freeze, Kafka killed under load, Debezium
in the relay's place (with Java and Maven), restarts and upgrades under load, seeds of the prover. About twelve minutes.`,
  },
};

await main(process.argv.slice(2));

async function main([name, ...args]) {
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
  if (command === undefined) {
    fail(`Expected one of: ${Object.keys(commands).join(', ')}; got ${name === undefined ? 'nothing' : `"${name}"`}.`, 64);
    return;
  }
  if (!command.ownHelp && (args.includes('--help') || args.includes('-h'))) {
    console.log(command.help);
    return;
  }
  if (!isNodeNewEnough()) {
    fail(
      `Waybill needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.version}. Install the one of .nvmrc: \`nvm install\`, or https://nodejs.org.`,
      SET_UP_EXIT_CODE,
    );
    return;
  }
  const { build, install, root, WorkspaceError } = await import('./workspace.mjs');
  // Progress goes beside the output, which may be read by a program (--json).
  const say = (line) => console.error(line);
  try {
    await install(say);
    const isThere = existsSync(join(root, command.file));
    if (command.build !== false && !(command.build === 'if-missing' && isThere)) {
      await build(say, { withTests: command.build === 'with-tests' });
    }
  } catch (error) {
    if (!(error instanceof WorkspaceError)) {
      throw error;
    }
    fail(error.message, error.exitCode);
    return;
  }
  const file = join(root, command.file);
  if (!existsSync(file)) {
    fail(`There is no ${command.file} after the build. Is this checkout complete?`, 70);
    return;
  }
  process.argv = [process.execPath, file, ...(command.args ?? []), ...args];
  await import(pathToFileURL(file).href);
}

function isNodeNewEnough() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
}

function fail(message, exitCode) {
  console.error(message);
  process.exitCode = exitCode;
}
