import { describe, expect, it } from 'vitest';
import { annotation } from '#cli/render/annotations';

describe('an annotation', () => {
  it('names its place', () => {
    const place = { file: 'checks/orders.sql', line: 3, col: 8, title: 'orders' };
    expect(annotation('error', place, 'gone')).toBe(
      '::error file=checks/orders.sql,line=3,col=8,title=orders::gone',
    );
    expect(annotation('notice', {}, 'seen')).toBe('::notice::seen');
  });

  it('is one line whatever it says, and its properties end where they should', () => {
    const evil = '50 %\r\n::error::a, b: c';
    expect(annotation('warning', { title: evil, file: 'a,b:c' }, evil)).toBe(
      '::warning file=a%2Cb%3Ac,title=50 %25%0D%0A%3A%3Aerror%3A%3Aa%2C b%3A c::50 %25%0D%0A::error::a, b: c',
    );
  });
});
