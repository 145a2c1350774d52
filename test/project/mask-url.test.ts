import { describe, expect, it } from 'vitest';
import { maskUrl } from '#project/mask-url';

describe('maskUrl', () => {
  it.each([
    ['postgres://app:s3cret@db:5432/app?sslmode=require', 'postgres://app:***@db:5432/app?sslmode=require'],
    ['postgres://app@db/app', 'postgres://app@db/app'],
    ['redis://:s3cret@queue:6379/1', 'redis://:***@queue:6379/1'],
    [
      'postgres://db/app?user=a&password=s3cret&sslpassword=s3cret',
      'postgres://db/app?user=a&password=***&sslpassword=***',
    ],
    ['postgres:///app?host=/run/postgresql', 'postgres:///app?host=/run/postgresql'],
    ['postgres://u:s3cret@[bad', 'postgres:***'],
    ['postgres://u:p#s3cret@db/app', 'postgres:***'],
    ['s3cret', '***'],
  ])('%s', (url, masked) => {
    expect(maskUrl(url)).toBe(masked);
    expect(maskUrl(url)).not.toContain('s3cret');
  });
});
