import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { services } from '@waybill/contracts';
import { loadCredentials } from './credentials.js';
import { dockerState } from './docker-engine.js';
import { clearDocker } from './docker-server.js';
import { lockHome } from './home-lock.js';
import { checkInfrastructure } from './infrastructure.js';
import { type Choice, chooseInfrastructure, type Decision } from './infrastructure-choice.js';
import { memoryFile, recallChoice, rememberChoice } from './infrastructure-memory.js';
import { checkPorts } from './port-check.js';
import { ProcessRoll } from './process-roll.js';
import type { Progress } from './progress.js';
import { type Slot, slotsOf } from './services.js';
import { SetUpError } from './set-up-error.js';
import { type BuildOf, type EnvironmentOf, Stack } from './stack.js';
import { removeStack } from './stack-file.js';
import { databaseVariable, readStackSettings, type StackSettings } from './stack-settings.js';

export interface StackOptions {
  /** Where data, logs and credentials lie. */
  readonly home: string;
  /** Read for settings, and handed on to the services. */
  readonly env: NodeJS.ProcessEnv;
  readonly instances: number;
  /** Start again what has ended by itself. */
  readonly restart: boolean;
  /** Forget the data of earlier starts. */
  readonly fresh: boolean;
  /** The home is removed after the stop, and also if this process is killed. */
  readonly temporary: boolean;
  readonly progress: Progress;
  readonly onLine: (slot: Slot, line: string) => void;
  readonly envOf?: EnvironmentOf | undefined;
  readonly buildOf?: BuildOf | undefined;
  /** Only where Kafka is embedded; see InfrastructureOptions. */
  readonly kafkaProxyPort?: number | undefined;
}

/** Checks all that can be checked before anything is started, and hands back a stack that is ready to be started. */
export async function prepareStack(options: StackOptions): Promise<Stack> {
  const { home, env, instances, restart, temporary, progress, onLine, envOf, buildOf, kafkaProxyPort } = options;
  const settings = readStackSettings(env, instances);
  const slots = slotsOf(settings.ports, settings.portOffset, instances);
  mkdirSync(home, { recursive: true });
  const unlock = lockHome(home);
  let roll: ProcessRoll | undefined;
  try {
    roll = await ProcessRoll.open(home, { temporary });
    removeStack(home);
    if (options.fresh) {
      await forget(home);
      progress.line('  The data of earlier starts is forgotten.');
    }
    const decision = await decide(home, settings, progress);
    if (kafkaProxyPort !== undefined && decision.choice.kafka !== 'embedded') {
      throw new SetUpError(
        `A proxy before Kafka needs an embedded one, and this is ${decision.choice.kafka}: set WAYBILL_INFRA=embedded (it takes Java).`,
      );
    }
    await checkInfrastructure(home, decision.choice);
    await checkPorts(slots);
    tell(decision, progress);
    rememberChoice(home, decision.choice);
    return new Stack({
      home,
      env: withoutForeignKafkaLogin(env, decision.choice),
      settings,
      slots,
      choice: decision.choice,
      credentials: loadCredentials(home),
      roll,
      progress,
      restart,
      temporary,
      onLine,
      envOf,
      buildOf,
      kafkaProxyPort,
      unlock,
    });
  } catch (error) {
    roll?.close();
    unlock();
    throw error;
  }
}

function decide(home: string, settings: StackSettings, progress: Progress): Promise<Decision> {
  const missing = services.filter((name) => !settings.databaseUrls.has(name)).map(databaseVariable);
  const namesPostgres = settings.databaseUrls.size > 0;
  if (namesPostgres && missing.length > 0 && (settings.infrastructure ?? 'external') === 'external') {
    throw new SetUpError(`Some databases are named, but not ${missing.join(' and ')}. Set all three, or none.`);
  }
  const remembered = recallChoice(home);
  return chooseInfrastructure({
    ...(settings.infrastructure === undefined ? {} : { wanted: settings.infrastructure }),
    ...(remembered === undefined ? {} : { remembered }),
    named: { kafka: settings.brokers !== undefined, postgres: namesPostgres },
    docker: once(() => dockerState(progress)),
  });
}

function tell({ choice, reasons }: Decision, progress: Progress): void {
  progress.line(`  Kafka: ${choice.kafka} (${reasons.kafka})`);
  progress.line(`  Postgres: ${choice.postgres} (${reasons.postgres})`);
}

/** Only what we made: external servers are never touched. */
async function forget(home: string): Promise<void> {
  try {
    for (const path of ['kafka', 'postgres', 'carrier.jsonl', 'credentials.json']) {
      rmSync(join(home, path), { recursive: true, force: true });
    }
  } catch (error) {
    throw new SetUpError(`The data in ${home} belongs to another user; was it made with sudo? Remove it as that user.`, {
      cause: error,
    });
  }
  await clearDocker(home, { data: true });
  rmSync(memoryFile(home), { force: true });
}

/** TLS and logins are for a broker of yours; the ones that we start take neither. */
function withoutForeignKafkaLogin(env: NodeJS.ProcessEnv, choice: Choice): NodeJS.ProcessEnv {
  const isForeign = (name: string) => choice.kafka !== 'external' && /^WAYBILL_KAFKA_(TLS|SASL)/.test(name);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isForeign(name)));
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}
