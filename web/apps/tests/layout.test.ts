import { describe, expect, it } from 'vitest';
import { arrange, bearsCropping, largestGrid, roomFor, type Rect } from '../src/model/layout';
import { withSpeaker } from '../src/model/order';

const WINDOWS = [
  { width: 1420, height: 800 },
  { width: 390, height: 700 },
  { width: 760, height: 370 },
  { width: 1040, height: 800 },
  { width: 2540, height: 1300 },
  { width: 320, height: 480 },
];

const ids = (n: number) => Array.from({ length: n }, (_, i) => `p${i}`);

function overlaps(a: Rect, b: Rect): boolean {
  const w = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const h = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return w > 1 && h > 1;
}

function each(check: (size: { width: number; height: number }, n: number) => void): void {
  for (const size of WINDOWS) for (let n = 1; n <= 40; n++) check(size, n);
}

describe('the grid', () => {
  it('keeps every tile inside the window and apart from the others', () => {
    each((size, n) => {
      const rects = [...arrange({ ...size, tiles: ids(n) }).rects.values()];
      const outside = rects.filter((r) => r.x < -1 || r.y < -1 || r.x + r.width > size.width + 1 || r.y + r.height > size.height + 1);
      const over = rects.filter((r, i) => rects.slice(i + 1).some((other) => overlaps(r, other)));
      expect([outside, over], `${n} in ${size.width}×${size.height}`).toEqual([[], []]);
    });
  });

  it('finds tiles as large as any number of columns would give', () => {
    each((size, n) => {
      const best = largestGrid(size, n, 10);
      for (let columns = 1; columns <= n; columns++) {
        const rows = Math.ceil(n / columns);
        const cell = { width: (size.width - 10 * (columns - 1)) / columns, height: (size.height - 10 * (rows - 1)) / rows };
        if (cell.width <= 0 || cell.height <= 0) continue;
        const width = Math.min(cell.width, (cell.height * 16) / 9);
        const height = Math.min(cell.height, cell.width / 0.75);
        if (n > 1) expect(best.width * best.height).toBeGreaterThanOrEqual(width * height - 2);
      }
    });
  });

  it('loses nobody: shown and hidden together are everybody', () => {
    each((size, n) => {
      const { rects, hidden, moreRect } = arrange({ ...size, tiles: ids(n), own: ['me'] });
      expect(new Set([...rects.keys(), ...hidden])).toEqual(new Set([...ids(n), 'me']));
      expect(moreRect !== null).toBe(hidden.length > 0);
    });
  });

  it('shows twelve people on a laptop and on a phone', () => {
    for (const size of [WINDOWS[0]!, WINDOWS[1]!]) expect(arrange({ ...size, tiles: ids(11), own: ['me'] }).hidden).toEqual([]);
  });

  it('gives one face the window', () => {
    const rect = arrange({ width: 1420, height: 800, tiles: ['ann'] }).rects.get('ann')!;
    expect(rect).toEqual({ x: 0, y: 0, width: 1420, height: 800 });
  });

  it('mirrors itself where writing runs from right to left', () => {
    const input = { width: 1000, height: 600, tiles: ['a', 'b'], own: ['me'] };
    const left = arrange(input).rects;
    const right = arrange({ ...input, rtl: true }).rects;
    for (const [id, r] of left) expect(Math.abs(1000 - r.x - r.width - right.get(id)!.x)).toBeLessThanOrEqual(1);
  });
});

describe('own picture', () => {
  it('is small beside the faces of others', () => {
    for (const size of WINDOWS) {
      const { rects } = arrange({ ...size, tiles: ids(2), own: ['me'] });
      const mine = rects.get('me')!;
      const theirs = rects.get('p0')!;
      expect(mine.width * mine.height).toBeLessThan((theirs.width * theirs.height) / 1.5);
    }
  });

  it('covers no more than a tenth of another face where there are several', () => {
    for (const size of WINDOWS.slice(0, 5)) {
      for (let n = 2; n <= 12; n++) {
        const { rects } = arrange({ ...size, tiles: ids(n), own: ['me'] });
        const mine = rects.get('me')!;
        for (const id of ids(n)) {
          const r = rects.get(id);
          if (r && overlaps(r, mine)) expect(mine.width * mine.height).toBeLessThanOrEqual(r.width * r.height * 0.101);
        }
      }
    }
  });

  it('stays in its corner, with the shared screen next to it', () => {
    for (const size of WINDOWS) {
      const { rects } = arrange({ ...size, tiles: ['ann'], own: ['me', 'screen'] });
      expect(overlaps(rects.get('me')!, rects.get('screen')!)).toBe(false);
      expect(rects.get('me')!.x + rects.get('me')!.width).toBeGreaterThan(size.width * 0.85);
    }
  });
});

describe('a featured tile', () => {
  it('takes most of the stage, and nobody covers it', () => {
    each((size, n) => {
      const { rects, hidden } = arrange({ ...size, tiles: ids(n), featured: ['screen'], own: ['me'] });
      const screen = rects.get('screen')!;
      expect(screen.width * screen.height).toBeGreaterThan(size.width * size.height * 0.5);
      for (const [id, r] of rects) if (id !== 'screen') expect(overlaps(r, screen)).toBe(false);
      expect(new Set([...rects.keys(), ...hidden])).toEqual(new Set([...ids(n), 'screen', 'me']));
    });
  });

  it('has its own proportions where they are known, and the strip goes where it costs least', () => {
    for (const size of WINDOWS) {
      for (const aspect of [16 / 9, 4 / 3, 9 / 16]) {
        const { rects } = arrange({ ...size, tiles: ids(3), featured: ['screen'], own: ['me'], aspect });
        const screen = rects.get('screen')!;
        expect(Math.abs(screen.width - screen.height * aspect)).toBeLessThan(3);
        for (const [id, r] of rects) {
          if (id !== 'screen') expect(overlaps(r, screen)).toBe(false);
          expect(r.x).toBeGreaterThanOrEqual(-1);
          expect(r.y).toBeGreaterThanOrEqual(-1);
          expect(r.x + r.width).toBeLessThanOrEqual(size.width + 1);
          expect(r.y + r.height).toBeLessThanOrEqual(size.height + 1);
        }
      }
    }
    const wide = arrange({ width: 880, height: 700, tiles: ['ann'], featured: ['screen'], own: ['me'], aspect: 16 / 9 }).rects;
    expect(wide.get('ann')!.y).toBeGreaterThan(wide.get('screen')!.y + wide.get('screen')!.height);
  });

  it('fills the stage when it is alone', () => {
    const { rects } = arrange({ width: 800, height: 500, tiles: [], featured: ['screen'] });
    expect(rects.get('screen')).toEqual({ x: 0, y: 0, width: 800, height: 500 });
  });
});

describe('cropping', () => {
  const wide = { width: 1280, height: 720 };
  const upright = { width: 720, height: 1280 };
  it('cuts at the sides of a face, not through it', () => {
    expect(bearsCropping({ width: 640, height: 480 }, { width: 1400, height: 700 })).toBe(true);
    expect(bearsCropping(wide, upright)).toBe(true);
    expect(bearsCropping(upright, wide)).toBe(false);
    expect(bearsCropping({ width: 0, height: 0 }, wide)).toBe(true);
  });
});

describe('room and order', () => {
  it('a window of no size holds nothing', () => {
    expect(arrange({ width: 0, height: 0, tiles: ids(3) }).rects.size).toBe(0);
    expect(roomFor({ width: 10, height: 10 }, 8)).toBe(1);
  });

  it('brings who speaks into sight and moves nobody who was seen before', () => {
    expect(withSpeaker(['a', 'b', 'c', 'd', 'e'], 'e', 3)).toEqual(['a', 'b', 'e', 'c', 'd']);
    expect(withSpeaker(['a', 'b', 'c'], 'b', 2)).toEqual(['a', 'b', 'c']);
    expect(withSpeaker(['a', 'b', 'c'], null, 2)).toEqual(['a', 'b', 'c']);
    expect(withSpeaker(['a', 'b', 'c'], 'zed', 2)).toEqual(['a', 'b', 'c']);
  });
});
