/** What `init --docker` writes. */

export interface ImageFiles {
  /** Files and folders of the project that migrations need, relative to it; all of them exist. */
  readonly files: readonly string[];
  readonly lock: boolean;
}

/** An image whose entry point is the command: `docker run … up`. */
export function dockerfile({ files, lock }: ImageFiles): string {
  return `# The migrations, with the command to run them: docker build -t migrations . && docker run --rm -e DATABASE_URL migrations status
# pgbellows must be among the "dependencies" of package.json. No install script is run.
FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json ${lock ? 'package-lock.json ' : ''}./
RUN ${lock ? 'npm ci' : 'npm install'} --omit=dev --ignore-scripts --no-audit --no-fund
${files.map((file) => `COPY ${file} ./${file}`).join('\n')}
USER node
ENTRYPOINT ["node_modules/.bin/bellows"]
CMD ["up", "--wait"]
`;
}

export const COMPOSE = `# docker compose up migrate                 the database, and every migration on it
# docker compose --profile long-running up  besides: a leader, and a worker that moves rows
services:
  db:
    image: postgres:17
    environment:
      POSTGRES_USER: app
      POSTGRES_PASSWORD: app
      POSTGRES_DB: app
    healthcheck:
      test: ['CMD', 'pg_isready', '-U', 'app', '-d', 'app']
      interval: 2s
      timeout: 5s
      retries: 30
    volumes:
      - db:/var/lib/postgresql/data

  migrate: &bellows
    build: .
    command: ['up', '--wait']
    environment:
      DATABASE_URL: postgres://app:app@db:5432/app?sslmode=disable
      BELLOWS_ENV: development
      # The container's files are not yours: the schema file is written where you work.
      DBMATE_NO_DUMP_SCHEMA: 'true'
    depends_on:
      db:
        condition: service_healthy

  serve:
    <<: *bellows
    profiles: [long-running]
    command: ['serve', '--wait']
    restart: unless-stopped

  worker:
    <<: *bellows
    profiles: [long-running]
    command: ['worker', '--wait']
    restart: unless-stopped

volumes:
  db:
`;
