import { setTimeout as sleep } from 'node:timers/promises';
import type { Service } from '@waybill/contracts';
import { findReplay, listReplays, type ReplayRequest, requestReplay } from '@waybill/inbox';
import { interruptible } from '../bulk.js';
import { counted } from '../bulk-change.js';
import { type Command, type Surroundings, verb } from '../command.js';
import { findIn, newestFirst } from '../found.js';
import { findInstallation, type Installation } from '../installation.js';
import { cut, renderListing } from '../listing.js';
import { ago } from '../moment.js';
import { operatorName } from '../operator.js';
import { flag, number, offset, required, text, time } from '../option.js';
import { palette } from '../palette.js';
import { brief } from '../printable.js';
import { checkBeginning, consumerOf, groupOf, readExtent, type ReplayExtent, withKafka } from '../replay-wish.js';
import { auditOptions, chosenService, consumerOptions, jsonOption, listLimitOption } from '../selection.js';
import { type ServiceDatabase, tellTarget, withDatabase, withDatabases } from '../service-database.js';

/** Reads a topic again into one consumer, while it runs. */
export const replay: Command = {
  summary: 'reads a topic again into one consumer while it runs; what it has handled before is dropped by its inbox',
  verbs: {
    ls: verb({
      summary: 'lists the replays, the newest first, how far they are and how far the consumer is behind',
      options: { ...consumerOptions, ...listLimitOption, ...jsonOption },
      run: async ({ options }, surroundings) => {
        const { env, print, say, colour } = surroundings;
        const installation = findInstallation(env, say);
        return withDatabases(installation, chosenService(options), async (databases) => {
          const found = await findIn(databases, (manager) => listReplays(manager, options.limit + 1));
          const { shown, more } = cut(newestFirst(found, ({ requestedAt }) => requestedAt), options.limit);
          const behind = await lagsOf(shown.map(({ item }) => item), installation, surroundings);
          print(
            options.json
              ? JSON.stringify(
                  shown.map(({ item }, index) => ({ ...item, behind: behind[index] ?? null })),
                  null,
                  2,
                )
              : renderListing(
                  {
                    heading: ['id', 'consumer', 'topic', 'from', 'asked for by', 'when', 'state', 'consumer is behind'],
                    rows: shown.map(({ item }, index) => [
                      item.id,
                      item.consumer,
                      item.topic,
                      beginningOf(item),
                      brief(item.requestedBy, NAME_MAX),
                      ago(item.requestedAt, Date.now()),
                      brief(stateOf(item), STATE_MAX),
                      behind[index] === undefined ? '?' : counted(behind[index], 'record'),
                    ]),
                    none: 'Nobody has asked for a replay.',
                    more,
                  },
                  palette(colour),
                ),
          );
          return 0;
        });
      },
    }),
  },
  unnamed: verb({
    summary: 'asks the instances of the consumer to go back, and waits until they have',
    operands: ['CONSUMER'],
    options: {
      topic: required(text('TOPIC', 'which topic, such as waybill.orders'), 'a replay is of one topic'),
      'from-time': time('from the first record that is not older: 2026-11-25T03:00:00Z, or how long ago, such as 15m, 2h or 7d'),
      'from-offset': offset('from this offset, in every partition or in that of --partition'),
      partition: number({ min: 0, max: 100_000, fallback: undefined }, 'P', 'only this partition'),
      'dry-run': flag('says what would be read again, and asks for nothing'),
      ...auditOptions,
      ...jsonOption,
    },
    run: async ({ operands: [operand], options }, surroundings) => {
      const consumer = consumerOf(operand, options.topic);
      checkBeginning(options);
      const installation = findInstallation(surroundings.env, surroundings.say);
      const extent = await withKafka(installation, surroundings.env, (kafka) => readExtent(consumer, options, kafka));
      if (options['dry-run'] || extent.partitions.length === 0) {
        return tellExtent(extent, consumer, options, surroundings);
      }
      return withDatabase(installation, consumer, async (database) => {
        tellTarget('replay.request', [database], surroundings.say);
        const id = await database.transaction((manager) =>
          requestReplay(
            manager,
            {
              consumer,
              topic: options.topic,
              fromOffset: options['from-offset'],
              fromTime: options['from-time'],
              positions: extent.positions,
            },
            { who: operatorName(options.as), reason: options.reason },
          ),
        );
        return follow(database, id, extent, options.json, surroundings);
      });
    },
  }),
};

const NAME_MAX = 40;
const STATE_MAX = 120;
const PATIENCE_MS = 20_000;
const POLL_MS = 250;
const FIRST_WORD_MS = 2_000;

/** Waits for the instances, with words after two seconds; they go on without us. */
async function follow(
  database: ServiceDatabase,
  id: string,
  extent: ReplayExtent,
  json: boolean,
  { print, say }: Surroundings,
): Promise<number> {
  const start = performance.now();
  let told = 0;
  const request = await interruptible(async (signal) => {
    for (;;) {
      const current = await database.transaction((manager) => findReplay(manager, id));
      const waited = performance.now() - start;
      if (current === undefined || current.finishedAt !== null || waited > PATIENCE_MS || signal.aborted) {
        return current;
      }
      if (waited - told > FIRST_WORD_MS) {
        told = waited;
        say(`  … replay ${id}: ${stateOf(current)}`);
      }
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  });
  const records = extent.partitions.reduce((sum, each) => sum + each.records, 0);
  if (json) {
    print(JSON.stringify({ action: 'replay.request', dryRun: false, records, ...request }, null, 2));
  } else if (request?.refused != null) {
    say(`  Replay ${id} was refused by ${database.service}. ${request.refused}`);
  } else if (request?.finishedAt != null) {
    print(`  Replay ${id}: ${counted(records, 'record')} in ${counted(extent.partitions.length, 'partition')} come again.`);
  } else {
    say(`  Replay ${id} is asked for, and goes on without this command: npm run waybill -- replay ls`);
  }
  return request?.finishedAt != null && request.refused === null ? 0 : 1;
}

function tellExtent(
  { partitions }: ReplayExtent,
  consumer: Service,
  { topic, json, 'dry-run': dryRun }: { readonly topic: string; readonly json: boolean; readonly 'dry-run': boolean },
  { print, colour }: Surroundings,
): number {
  const records = partitions.reduce((sum, each) => sum + each.records, 0);
  if (json) {
    print(JSON.stringify({ action: 'replay.request', dryRun, consumer, topic, records, partitions }, null, 2));
    return 0;
  }
  print(
    renderListing(
      {
        heading: ['partition', 'from', 'to', 'records'],
        rows: partitions.map(({ partition, from, to, records: count }) => [String(partition), from, to, String(count)]),
        none: `There is nothing to read again: ${consumer} has read nothing of ${topic} from there on.`,
        more: false,
      },
      palette(colour),
    ),
  );
  if (partitions.length > 0) {
    print(
      `\n  ${counted(records, 'record')} of ${topic} would come to ${consumer} again. Nothing was asked for: --dry-run.\n` +
        `  ${consumer} refuses what is older than its INBOX_RETENTION_DAYS, less a day.`,
    );
  }
  return 0;
}

function beginningOf({ fromOffset, fromTime }: ReplayRequest): string {
  return fromTime === null ? `offset ${fromOffset ?? '?'}` : fromTime.toISOString();
}

function stateOf({ positions, done, finishedAt, refused }: ReplayRequest): string {
  if (refused !== null) {
    return `refused: ${refused}`;
  }
  const all = Object.keys(positions).length;
  const begun = Object.keys(done).length;
  return finishedAt === null ? `begun in ${begun} of ${counted(all, 'partition')}` : `begun in ${counted(all, 'partition')}`;
}

/** For each request how many records its consumer has still to read of the topic; undefined while Kafka is away. */
async function lagsOf(
  requests: readonly ReplayRequest[],
  installation: Installation,
  { env }: Surroundings,
): Promise<readonly (number | undefined)[]> {
  if (requests.length === 0) {
    return [];
  }
  const places = [...new Set(requests.map(placeOf))];
  try {
    const lags = await withKafka(installation, env, async (kafka) => {
      const read = await Promise.all(
        places.map(async (place) => {
          const { consumer, topic } = requests.find((request) => placeOf(request) === place) ?? { consumer: '', topic: '' };
          const partitions = await kafka.lagOf(groupOf(consumer as Service), topic);
          return [place, partitions.reduce((sum, { lag }) => sum + lag, 0)] as const;
        }),
      );
      return new Map(read);
    });
    return requests.map((request) => lags.get(placeOf(request)));
  } catch {
    return requests.map(() => undefined);
  }
}

function placeOf({ consumer, topic }: Pick<ReplayRequest, 'consumer' | 'topic'>): string {
  return `${consumer} ${topic}`;
}
