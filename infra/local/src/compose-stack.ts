import { docker } from './docker-engine.js';
import { defaultPorts, programs } from './services.js';
import { repository, type StackFile } from './stack-file.js';

/** What a tool needs to know of a stack, wherever it runs. */
export interface StackAddresses {
  readonly services: readonly Pick<StackFile['services'][number], 'name' | 'instance' | 'url'>[];
  readonly kafka: StackFile['kafka'];
  readonly jaeger: string | null;
}

interface Container {
  readonly Service: string;
  readonly Publishers?: readonly { readonly TargetPort: number; readonly PublishedPort: number }[] | null;
}

const KAFKA_PORT = 9092;
const JAEGER_PORT = 16686;
const ANSWER_TIMEOUT_MS = 10_000;

/** The stack of docker-compose.yml, if it runs (the one of COMPOSE_PROJECT_NAME, if that is set). */
export async function readComposeStack(env: NodeJS.ProcessEnv = process.env): Promise<StackAddresses | undefined> {
  const file = `${repository}docker-compose.yml`;
  const args = ['compose', '--file', file, 'ps', '--status', 'running', '--format', 'json'];
  const { code, output } = await docker(args, { env, timeoutMs: ANSWER_TIMEOUT_MS });
  return code === 0 ? composeStack(output) : undefined;
}

/** From the output of `docker compose ps --format json`; undefined while a part that must be there is not. */
export function composeStack(output: string): StackAddresses | undefined {
  const containers = parse(output);
  const portOf = (service: string, target: number) =>
    containers
      .find(({ Service }) => Service === service)
      ?.Publishers?.find(({ TargetPort, PublishedPort }) => TargetPort === target && PublishedPort > 0)?.PublishedPort;
  const services = programs.flatMap((name) => {
    const port = portOf(name, defaultPorts[name]);
    return port === undefined ? [] : [{ name, instance: 1, url: `http://127.0.0.1:${port}` }];
  });
  const kafka = portOf('kafka', KAFKA_PORT);
  const jaeger = portOf('jaeger', JAEGER_PORT);
  if (kafka === undefined || services.length < programs.length) {
    return undefined;
  }
  return {
    services,
    kafka: { brokers: `127.0.0.1:${kafka}` },
    jaeger: jaeger === undefined ? null : `http://127.0.0.1:${jaeger}`,
  };
}

/** One object a line; older versions print one array. Warnings may stand between them. */
function parse(output: string): Container[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{') || line.startsWith('['))
    .flatMap((line) => JSON.parse(line) as Container | Container[]);
}
