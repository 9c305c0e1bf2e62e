import { spawn } from 'node:child_process';

const ROUNDS = 3;

/**
 * Removes what carries a label once this process is gone. After a kill no `afterAll` runs, and a Kafka and a Postgres
 * would go on for ever.
 *
 * More than one round: a `docker compose up` that was interrupted with us may have been creating something.
 */
export function removeWhenGone(label: string): void {
  const remove = `
    docker ps --all --quiet --filter label=${label} | xargs -r docker rm --force --volumes
    docker volume ls --quiet --filter label=${label} | xargs -r docker volume rm --force
    docker network ls --quiet --filter label=${label} | xargs -r docker network rm
    docker image ls --quiet --filter label=${label} | xargs -r docker image rm --force`;
  const rounds = Array.from({ length: ROUNDS }, () => `sleep 2${remove}`).join('\n');
  const script = `while kill -0 ${process.pid} 2>/dev/null; do sleep 1; done\n${rounds}`;
  spawn('sh', ['-c', script], { detached: true, stdio: 'ignore' }).unref();
}
