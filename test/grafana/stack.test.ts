/** What lies in grafana/ to be started as it is: no engine for containers here, so everything that can be known without one. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadSettings } from '#project/settings';
import { ROOT } from '../../grafana/build.js';

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly healthcheck?: unknown;
}

const GRAFANA = `${ROOT}grafana`;
const yaml = <T>(path: string) => parse(readFileSync(join(GRAFANA, path), 'utf8'), { merge: true }) as T;
const { services } = yaml<{ readonly services: Readonly<Record<string, Service>> }>('compose.yaml');
const prometheus = yaml<{
  readonly global: { readonly scrape_interval: string };
  readonly rule_files: readonly string[];
  readonly scrape_configs: readonly [
    {
      readonly static_configs: readonly { readonly targets: readonly string[] }[];
      readonly dns_sd_configs: readonly { readonly names: readonly string[]; readonly port: number }[];
    },
  ];
}>('prometheus/prometheus.yml');
const [source] = yaml<{
  readonly datasources: readonly [
    { readonly type: string; readonly url: string; readonly jsonData: { readonly timeInterval: string } },
  ];
}>('provisioning/datasources/prometheus.yaml').datasources;
const [provider] = yaml<{ readonly providers: readonly [{ readonly options: { readonly path: string } }] }>(
  'provisioning/dashboards/bellows.yaml',
).providers;

const of = (name: string): Service => services[name] ?? expect.fail(`there is no service ${name}`);
/** `./dashboards:/var/lib/…:ro` as host and container path. */
const mounts = ({ volumes = [] }: Service) =>
  volumes.map((volume) => {
    const [host = '', container = ''] = volume.split(':');
    return { host: join(GRAFANA, host), container };
  });

describe('compose.yaml', () => {
  it('has PostgreSQL, Redis, leader, workers, Prometheus and Grafana, on images of a version', () => {
    expect(Object.keys(services).sort()).toEqual(
      ['bellows', 'grafana', 'postgres', 'prometheus', 'redis', 'serve', 'worker'].sort(),
    );
    for (const name of ['postgres', 'redis', 'prometheus', 'grafana'])
      expect(of(name).image).toMatch(/^[a-z/]+:v?\d+(\.\d+)*$/);
    expect([of('serve').command, of('worker').command]).toEqual([['serve'], ['worker']]);
  });

  it('mounts and builds from what is there', () => {
    for (const service of Object.values(services)) {
      for (const { host } of mounts(service)) expect(existsSync(host), host).toBe(true);
      if (service.build === undefined) continue;
      const context = join(GRAFANA, service.build.context);
      const lines = readFileSync(join(context, service.build.dockerfile), 'utf8').split('\n');
      const copied = lines.flatMap((line) => /^COPY (?!--from)(\S+) /.exec(line)?.[1] ?? []);
      expect(copied.length).toBeGreaterThan(0);
      for (const path of copied) expect(existsSync(join(context, path)), path).toBe(true);
    }
  });

  it('waits for services that are there, and for health where there is a check', () => {
    for (const { depends_on: after = [] } of Object.values(services)) {
      const names = Array.isArray(after) ? after : Object.keys(after);
      for (const name of names) expect(of(name)).toBeDefined();
    }
    for (const [name, condition] of Object.entries(of('serve').depends_on ?? {})) {
      expect(condition).toEqual({ condition: 'service_healthy' });
      expect(of(name).healthcheck).toBeDefined();
    }
  });

  it('opens ports to this machine alone', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports.length).toBe(3);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
  });
});

describe('the names and ports', () => {
  const settings = () => {
    const env = { ...of('serve').environment, BELLOWS_WRITE_TOKEN: 'for-this-machine-only' };
    return loadSettings({ cwd: join(GRAFANA, 'stack'), variables: env });
  };

  it('of Bellows are those that Prometheus scrapes, from another container', async () => {
    const { http } = await settings();
    const [scrape] = prometheus.scrape_configs;
    expect(scrape.static_configs.flatMap((config) => config.targets)).toEqual([`serve:${http.metricsPort}`]);
    expect(scrape.dns_sd_configs.map(({ names, port }) => [names, port])).toEqual([
      [['worker'], http.workerMetricsPort],
    ]);
    expect([http.host, http.pageHost]).toEqual(['0.0.0.0', '0.0.0.0']);
    expect(of('serve').ports).toEqual([`127.0.0.1:${http.pagePort}:${http.pagePort}`]);
  });

  it('of PostgreSQL and Redis are those that Bellows connects to', async () => {
    const { databaseUrl, queueUrl } = await settings();
    expect(of(new URL(databaseUrl).hostname).image).toMatch(/^postgres:/);
    expect(new URL(databaseUrl).password).toBe(of('postgres').environment?.POSTGRES_PASSWORD);
    expect(of(new URL(queueUrl ?? '').hostname).image).toMatch(/^redis:/);
  });

  it('of Prometheus are those of the data source, and the interval is its own', () => {
    const { hostname, port } = new URL(source.url);
    expect(of(hostname).image).toMatch(/^prom\/prometheus:/);
    expect(of(hostname).ports).toContain(`127.0.0.1:${port}:${port}`);
    expect(source.type).toBe('prometheus');
    expect(source.jsonData.timeInterval).toBe(prometheus.global.scrape_interval);
  });

  it('of the dashboards are those that Grafana looks for', async () => {
    const mounted = mounts(of('grafana'));
    const folder = mounted.find(({ container }) => container === provider.options.path)?.host;
    expect(folder).toBe(join(GRAFANA, 'dashboards'));
    const home = of('grafana').environment?.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH ?? '';
    expect(dirname(home)).toBe(provider.options.path);
    const file = await readFile(join(folder!, home.slice(dirname(home).length)), 'utf8');
    expect((JSON.parse(file) as { uid: string }).uid).toBe('bellows-fleet');
    expect(mounted.some(({ container }) => container === '/etc/grafana/provisioning')).toBe(true);
  });
});

it('promtool takes prometheus.yml with its rules', ({ skip }) => {
  if (spawnSync('promtool', ['--version']).error !== undefined)
    skip('promtool is not on the PATH: not checked');
  const checked = spawnSync('promtool', ['check', 'config', join(GRAFANA, 'prometheus/prometheus.yml')], {
    encoding: 'utf8',
  });
  expect(checked.stderr).toBe('');
  expect(checked.stdout).toContain('2 rule files found');
});
