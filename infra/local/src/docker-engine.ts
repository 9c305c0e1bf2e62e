import type { DockerState } from './infrastructure-choice.js';
import { kafkaVersion } from './kafka-jars.js';
import type { Progress } from './progress.js';
import { type ProgramResult, runProgram } from './run-program.js';

export const dockerImages = { kafka: `apache/kafka:${kafkaVersion()}`, postgres: 'postgres:18' } as const;

const ANSWER_TIMEOUT_MS = 5_000;
const PULL_TIMEOUT_MS = 10 * 60_000;

export function docker(args: readonly string[], options: { env?: NodeJS.ProcessEnv; timeoutMs?: number } = {}): Promise<ProgramResult> {
  return runProgram('docker', args, options);
}

/** An engine that answers and has our images, or can get them. */
export async function dockerState(progress: Progress): Promise<DockerState> {
  const { code } = await docker(['version', '--format', '{{.Server.Version}}'], { timeoutMs: ANSWER_TIMEOUT_MS });
  if (code !== 0) {
    return 'absent';
  }
  for (const image of Object.values(dockerImages)) {
    if (!(await hasImage(image)) && !(await pull(image, progress))) {
      return 'no-images';
    }
  }
  return 'ready';
}

async function hasImage(image: string): Promise<boolean> {
  return (await docker(['image', 'inspect', image], { timeoutMs: ANSWER_TIMEOUT_MS })).code === 0;
}

async function pull(image: string, progress: Progress): Promise<boolean> {
  progress.line(`  … pulling ${image}`);
  const { code, output } = await docker(['pull', '--quiet', image], { timeoutMs: PULL_TIMEOUT_MS });
  if (code !== 0) {
    progress.line(`  ${image} could not be pulled: ${output.trim().split('\n').at(-1) ?? ''}`);
  }
  return code === 0;
}
