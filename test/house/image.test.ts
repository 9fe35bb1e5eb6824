import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/config.ts';
import { environmentOf } from './environment-of.ts';

const dockerfile = readFileSync('Dockerfile', 'utf8');
const known = environmentOf(readConfig);

describe('Dockerfile', () => {
  const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, list = '']) => list.split(' '));

  it('copies only what is there', () => {
    expect(sources).toContain('package-lock.json');
    expect(sources.filter((source) => !existsSync(source))).toEqual([]);
  });

  it('copies only what .dockerignore lets through', () => {
    const [everything, ...exceptions] = readFileSync('.dockerignore', 'utf8').trim().split('\n');
    expect(everything).toBe('*');
    expect(exceptions.sort()).toEqual(sources.map((source) => `!${source}`).sort());
  });

  it('builds with files of the repository only', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(sources).toContain(scripts.build.replace('node ', ''));
    expect(dockerfile).toContain('npm run build && npm prune --omit=dev');
  });

  it('sets only variables that are known', () => {
    const [, assignments = ''] = /^ENV (.+)$/m.exec(dockerfile) ?? [];
    const names = assignments.split(' ').map((assignment) => assignment.split('=')[0]);
    expect(names).toContain('DATABASE_URL');
    expect(names.filter((name = '') => name !== 'NODE_ENV' && !known.includes(name))).toEqual([]);
  });

  it('is for production unless told otherwise', () => {
    expect(dockerfile).toMatch(/^ENV .*\bCOUNTERSIGN_MODE=production\b/m);
  });

  it('does not run as root', () => {
    const lastStage = dockerfile.slice(dockerfile.lastIndexOf('FROM '));
    expect(lastStage).toMatch(/^USER 1000:1000$/m);
  });
});

describe('compose.yaml', () => {
  const text = readFileSync('compose.yaml', 'utf8');
  const { services, volumes } = parse(text);

  it('sets only variables that are known', () => {
    const names = Object.keys(services.countersign.environment);
    expect(names).toContain('REDIS_URL');
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('starts with what it sets', () => {
    const environment = Object.entries<string>(services.countersign.environment).map(([name, value]) => [
      name,
      value.replace(/\$\{(\w+)(:\?[^}]*)?\}/g, (_, variable) => SAMPLES[variable] ?? ''),
    ]);
    expect(readConfig(Object.fromEntries(environment)).mode).toBe('production');
  });

  it('demands every secret', () => {
    const demanded = [...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name);
    const used = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
    expect(new Set(used)).toEqual(new Set(demanded));
    expect(new Set(demanded)).toEqual(new Set(Object.keys(SAMPLES)));
  });

  it('waits for stores that say when they are ready', () => {
    const needs = Object.entries<{ condition: string }>(services.countersign.depends_on);
    expect(needs.map(([name]) => name).sort()).toEqual(['postgres', 'redis']);
    for (const [name, { condition }] of needs) {
      expect(condition).toBe('service_healthy');
      expect(services[name].healthcheck.test).toBeDefined();
    }
  });

  it('keeps what Redis holds', () => {
    expect(services.redis.command.join(' ')).toContain(
      '--appendonly yes --appendfsync everysec --maxmemory-policy noeviction',
    );
    expect(services.redis.volumes).toEqual(['redis:/data']);
    expect(Object.keys(volumes).sort()).toEqual(['postgres', 'redis']);
  });

  it('gives the service nothing to write to but memory', () => {
    const { read_only, tmpfs, cap_drop, security_opt, privileged, user } = services.countersign;
    expect({ read_only, tmpfs, cap_drop, security_opt, privileged, user }).toEqual({
      read_only: true,
      tmpfs: ['/tmp'],
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      privileged: undefined,
      user: undefined,
    });
  });
});

const SAMPLES: Record<string, string> = {
  COUNTERSIGN_SECRET: Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7)).toString('base64'),
  COUNTERSIGN_API_KEY: 'cs_test_0123456789abcdef0123456789abcdef',
  POSTGRES_PASSWORD: '0123456789abcdef',
  REDIS_PASSWORD: '0123456789abcdef',
};
