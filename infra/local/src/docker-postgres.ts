import { dockerImages } from './docker-engine.js';
import { DockerServer } from './docker-server.js';
import { POSTGRES_ADMIN } from './embedded-postgres.js';

/** One PostgreSQL server in a container. */
export class DockerPostgres extends DockerServer {
  constructor(
    home: string,
    preferredPort: number | undefined,
    private readonly adminPassword: string,
  ) {
    super({
      home,
      name: 'postgres',
      image: dockerImages.postgres,
      preferredPort,
      innerPort: 5432,
      dataPath: '/var/lib/postgresql',
      environment: () => ({ POSTGRES_USER: POSTGRES_ADMIN, POSTGRES_PASSWORD: adminPassword }),
      command: ['postgres', '-c', 'max_connections=200', '-c', 'autovacuum_naptime=5s', '-c', 'timezone=UTC'],
      isReady: (log) => {
        // While it makes its folder the image runs a server for itself alone, which says the same.
        const isFirstRun = log.includes('The files belonging to this database system');
        return log.split('ready to accept connections').length - 1 >= (isFirstRun ? 2 : 1);
      },
    });
  }

  get adminUrl(): string {
    return `postgres://${POSTGRES_ADMIN}:${this.adminPassword}@127.0.0.1:${this.port}/postgres`;
  }
}
