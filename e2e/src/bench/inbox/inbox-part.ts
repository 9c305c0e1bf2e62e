import { barChart } from '../bar-chart.js';
import type { Figure } from '../figure.js';
import type { Ground } from '../ground.js';
import { drivers } from '../kafka-driver.js';
import { ratios } from '../ratio.js';
import type { Findings } from '../report.js';
import { type Case, inRounds } from '../rounds.js';
import { SeriesBook } from '../series.js';
import { type PathName, pathNames, paths } from './consumer-path.js';
import { eventsFor, fillTopic } from './event-topic.js';
import { drainTopic, inboxDrainName, type InboxTopic } from './inbox-drain.js';

export interface InboxPartOptions {
  readonly rounds: number;
  readonly say: (line: string) => void;
}

const EVENTS = 80_000;
const PARTITIONS = 6;

const plain: InboxTopic = { topic: 'bench-events', title: '', events: EVENTS };
const withCopies: InboxTopic = { topic: 'bench-events-copies', title: 'a fifth duplicates', events: EVENTS };

/** What each way must be of a transaction an event. */
const goals: Readonly<Partial<Record<string, NonNullable<Figure['goal']>>>> = {
  chunk: { at: 'least', value: 5 },
  set: { at: 'least', value: 12 },
  entities: { at: 'least', value: 2 },
};

/** Kafka to effect: inbox and one row an event, six partitions at once. */
export async function inboxPart(ground: Ground, { rounds, say }: InboxPartOptions): Promise<Findings> {
  const book = new SeriesBook();
  for (const { topic, events } of [plain, withCopies]) {
    say(`${events} events into ${topic}`);
    await ground.createTopic(topic, PARTITIONS);
    await fillTopic(ground.brokers, topic, eventsFor(events, topic === withCopies.topic));
  }
  const cases = drivers.flatMap((driver) =>
    pathNames.flatMap((path) =>
      [plain, withCopies].map(
        (topic): Case => ({
          name: inboxDrainName({ path, topic, driver }),
          run: () => drainTopic(ground, book, { path, topic, driver }),
        }),
      ),
    ),
  );
  await inRounds(cases, rounds, say);
  const series = book.all();
  const title = 'Kafka to effect, events a second of one process';
  return {
    series,
    figures: ratios(book, pathNames.flatMap(wanted)),
    charts: [{ name: 'inbox', title, svg: barChart(title, series, () => true) }],
    remarks: [],
  };
}

function wanted(path: PathName) {
  const goal = goals[path];
  if (goal === undefined) {
    return [];
  }
  const [of, to] = [path, 'one' as const].map((each) => inboxDrainName({ path: each, topic: plain }));
  return [{ name: `${paths[path].title}, of a transaction an event`, of: of ?? '', to: to ?? '', goal }];
}
