/**
 * Where every tile lies. Pure: sizes in, rectangles out; the stage draws them.
 *
 * Without a featured tile the pictures form the grid whose tiles are largest.
 * With one (a shared screen, a pinned person) it takes the stage and the
 * others stand in a strip at its side. Own picture floats small in the corner.
 */

export interface Size {
  width: number;
  height: number;
}

export interface Rect extends Size {
  x: number;
  y: number;
}

export interface StageInput extends Size {
  /** Tiles of equal rank, in their order. */
  tiles: readonly string[];
  /** Those that take the stage; each is in no other list. */
  featured?: readonly string[];
  /** Own pictures (camera, shared screen), always small. */
  own?: readonly string[];
  /** width / height of a featured picture that must not be cropped */
  aspect?: number | null;
  gap?: number;
  rtl?: boolean;
}

export interface StageLayout {
  rects: ReadonlyMap<string, Rect>;
  /** Tiles that found no room; they are heard, and counted on `moreRect`. */
  hidden: readonly string[];
  moreRect: Rect | null;
}

interface Shape {
  /** width / height: the narrowest and the widest tile that still shows a face well */
  min: number;
  max: number;
}

/** Faces bear cropping from 3:4 to 16:9; one face alone may fill nearly any window. */
const CROWD: Shape = { min: 0.75, max: 16 / 9 };
const SOLO: Shape = { min: 0.5, max: 2.4 };

/** Smaller tiles than this show nobody; the rest are counted instead. */
const SMALLEST_TILE: Size = { width: 104, height: 78 };

/** One's own picture may lie over the corner of a tile this many times its size, and of no smaller. */
const OWN_COVERS = 0.1;

/** How much of the tiles' area may be given up to keep one's own picture off other faces. */
const OWN_COST = 0.3;

/** Slightly smaller tiles are welcome where they leave a free corner. */
const FREE_CORNER_WORTH = 0.9;

/** One's own picture shrinks this far to fit into a free corner. */
const OWN_SCALES = [1, 0.85, 0.7] as const;

/** Proportions of the tiles beside a screen. */
const STRIP_ASPECT = 16 / 10;

export interface Grid extends Size {
  columns: number;
  rows: number;
}

/** The grid with the largest tiles for `count` people. */
export function largestGrid(box: Size, count: number, gap: number, shape?: Shape): Grid {
  return grids(box, count, gap, shape).reduce((best, grid) => (area(grid) > area(best) + 1 ? grid : best));
}

/** Every grid for `count` people, by its columns. */
function grids(box: Size, count: number, gap: number, shape: Shape = count === 1 ? SOLO : CROWD): Grid[] {
  const found: Grid[] = [];
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    // A column that stays empty only makes tiles smaller.
    if ((columns - 1) * rows >= count && columns > 1) continue;
    const cell = fit(
      { width: (box.width - gap * (columns - 1)) / columns, height: (box.height - gap * (rows - 1)) / rows },
      shape,
    );
    found.push({ columns, rows, ...cell });
  }
  return found;
}

/** The largest rectangle inside `cell` whose proportions lie within `shape`. */
function fit(cell: Size, shape: Shape): Size {
  const width = Math.max(0, cell.width);
  const height = Math.max(0, cell.height);
  if (width > height * shape.max) return { width: height * shape.max, height };
  if (width < height * shape.min) return { width, height: width / shape.min };
  return { width, height };
}

function placeGrid(box: Rect, ids: readonly string[], gap: number, grid: Grid, into: Map<string, Rect>): void {
  const top = box.y + (box.height - grid.rows * grid.height - (grid.rows - 1) * gap) / 2;
  ids.forEach((id, i) => {
    const row = Math.floor(i / grid.columns);
    const inRow = Math.min(grid.columns, ids.length - row * grid.columns);
    const left = box.x + (box.width - inRow * grid.width - (inRow - 1) * gap) / 2;
    into.set(id, {
      x: left + (i % grid.columns) * (grid.width + gap),
      y: top + row * (grid.height + gap),
      width: grid.width,
      height: grid.height,
    });
  });
}

/** How many tiles of the smallest size `box` holds. */
export function roomFor(box: Size, gap: number): number {
  const across = Math.floor((box.width + gap) / (SMALLEST_TILE.width + gap));
  const down = Math.floor((box.height + gap) / (SMALLEST_TILE.height + gap));
  return Math.max(1, across) * Math.max(1, down);
}

/** Whether a picture may fill its tile by cropping. */
export function bearsCropping(picture: Size, tile: Size): boolean {
  if (!picture.width || !picture.height || !tile.width || !tile.height) return true;
  const kept = picture.width / picture.height / (tile.width / tile.height);
  // A face stands in the middle: much may go at its sides, little above and below.
  return kept > 1 ? 1 / kept > KEEP_ACROSS : kept > KEEP_UPRIGHT;
}

const KEEP_ACROSS = 0.26;
const KEEP_UPRIGHT = 0.5;

/** The id under which the "and n more" tile is laid out. */
const MORE = '\u0000more';

function ownSize(box: Size): Size {
  const portrait = box.height > box.width;
  const width = portrait
    ? Math.min(112, Math.max(84, box.width * 0.27))
    : Math.min(236, Math.max(112, box.width * 0.17, box.height * 0.2));
  return portrait ? { width, height: width * (4 / 3) } : { width, height: width * (9 / 16) };
}

/** The size of own pictures together: one over the other, upright windows have them side by side. */
function stack(box: Size, one: Size, count: number, gap: number): Size {
  const extra = Math.max(0, count - 1);
  if (box.height > box.width) return { width: one.width * count + gap * extra, height: one.height };
  return { width: one.width, height: one.height * count + gap * extra };
}

/** The end corner of `box`. */
function corner(box: Rect, size: Size, inset: number): Rect {
  return { ...size, x: box.x + box.width - size.width - inset, y: box.y + box.height - size.height - inset };
}

function placeOwn(ids: readonly string[], at: Rect, gap: number, into: Map<string, Rect>): void {
  const across = at.width > at.height * 1.2 && ids.length > 1 && at.width / ids.length < at.height;
  const steps = ids.length;
  const width = across ? (at.width - gap * (steps - 1)) / steps : at.width;
  const height = across ? at.height : (at.height - gap * (steps - 1)) / steps;
  // The camera, named first, keeps the corner itself.
  ids.forEach((id, i) => {
    const back = steps - 1 - i;
    into.set(id, { width, height, x: at.x + (across ? back * (width + gap) : 0), y: at.y + (across ? 0 : back * (height + gap)) });
  });
}

function grown(rect: Rect, by: number): Rect {
  return { x: rect.x - by, y: rect.y - by, width: rect.width + 2 * by, height: rect.height + 2 * by };
}

function overlap(a: Rect, b: Rect): number {
  const w = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const h = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return w > 0 && h > 0 ? w * h : 0;
}

/** The grid, with one's own pictures in the corner or beside it. */
function crowd(input: StageInput, gap: number): { rects: Map<string, Rect>; hidden: string[] } {
  const { width, height, own = [] } = input;
  const box: Rect = { x: 0, y: 0, width, height };
  const capacity = roomFor(input, gap);
  const shown = input.tiles.length > capacity ? [...input.tiles.slice(0, capacity - 1), MORE] : [...input.tiles];
  const hidden = input.tiles.slice(shown.includes(MORE) ? capacity - 1 : shown.length);

  const whole = new Map<string, Rect>();
  const grid = largestGrid(input, shown.length, gap);
  placeGrid(box, shown, gap, grid, whole);
  if (own.length === 0) return { rects: whole, hidden };
  const settle = (rects: Map<string, Rect>, at: Rect) => {
    placeOwn(own, at, gap, rects);
    return { rects, hidden };
  };

  const full = ownSize(input);
  const good = grids(input, shown.length, gap).filter((each) => area(each) >= area(grid) * FREE_CORNER_WORTH);
  for (const each of good.sort((a, b) => area(b) - area(a))) {
    const rects = new Map<string, Rect>();
    placeGrid(box, shown, gap, each, rects);
    for (const scale of OWN_SCALES) {
      const one = { width: full.width * scale, height: full.height * scale };
      const free = corner(box, stack(box, one, own.length, gap), 0);
      if ([...rects.values()].every((rect) => overlap(rect, grown(free, gap)) === 0)) return settle(rects, free);
    }
  }
  const all = stack(box, full, own.length, gap);
  const last = [...whole.values()].at(-1) ?? box;
  const over = corner(last, all, gap);
  if (shown.length === 1 || area(all) <= area(last) * OWN_COVERS) return settle(whole, over);

  // Several faces: rather a strip of one's own than a picture over somebody.
  const beside = { width: width - all.width - gap, height };
  const below = { width, height: height - all.height - gap };
  const options = [beside, below].map((size) => ({ size, grid: largestGrid(size, shown.length, gap) }));
  const best = options.reduce((a, b) => (area(b.grid) > area(a.grid) ? b : a));
  if (area(best.grid) < area(grid) * (1 - OWN_COST)) return settle(whole, over);
  const rects = new Map<string, Rect>();
  placeGrid({ x: 0, y: 0, ...best.size }, shown, gap, best.grid, rects);
  return settle(rects, corner(box, all, 0));
}

function area(size: Size): number {
  return size.width * size.height;
}

/** Featured tiles large, the rest in a strip: beside or below, wherever it leaves them larger. */
function spotlight(input: StageInput, gap: number): { rects: Map<string, Rect>; hidden: string[] } {
  const { width, height, aspect = null, own = [] } = input;
  const featured = input.featured ?? [];
  const strip = [...input.tiles, ...own];
  const stageOf = (beside: boolean): Rect => {
    if (strip.length === 0) return { x: 0, y: 0, width, height };
    const tile = stripTile(input, strip.length, beside, gap);
    return beside ? { x: 0, y: 0, width: width - tile.width - gap, height } : { x: 0, y: 0, width, height: height - tile.height - gap };
  };
  const seen = (box: Size) => (aspect ? area(fit(box, { min: aspect, max: aspect })) : area(box));
  const [atSide, under] = [stageOf(true), stageOf(false)];
  // Without known proportions the window's own shape decides.
  const beside = aspect ? seen(atSide) >= seen(under) : width > height;
  const stage = beside ? atSide : under;
  const rects = new Map<string, Rect>();
  const hidden: string[] = [];

  // A picture with proportions takes just its place; others fill what there is.
  const only = featured.length === 1 && aspect ? { min: aspect, max: aspect } : { min: 0.1, max: 10 };
  const grid = largestGrid(stage, featured.length, gap, only);
  const used = beside ? { ...stage, width: Math.min(stage.width, grid.columns * (grid.width + gap) - gap) } : { ...stage, height: Math.min(stage.height, grid.rows * (grid.height + gap) - gap) };
  const spare = { x: (stage.width - used.width) / 2, y: (stage.height - used.height) / 2 };
  placeGrid({ ...used, x: spare.x, y: spare.y }, featured, gap, grid, rects);
  if (strip.length === 0) return { rects, hidden };

  const tile = stripTile(input, strip.length, beside, gap);
  const step = beside ? tile.height : tile.width;
  const length = beside ? height : width;
  const capacity = Math.max(1, Math.floor((length + gap) / (step + gap)));
  let shown = strip;
  if (strip.length > capacity) {
    // Own pictures stay in sight, before them the count of those who do not fit.
    const kept = Math.max(0, capacity - own.length - 1);
    shown = [...input.tiles.slice(0, kept), MORE, ...own].slice(-capacity);
    hidden.push(...strip.filter((id) => !shown.includes(id)));
  }
  const along = (length - shown.length * (step + gap) + gap) / 2;
  // The strip stands close to what is featured, the two together in the middle.
  const across = beside ? spare.x + used.width + gap : spare.y + used.height + gap;
  shown.forEach((id, i) => {
    const at = along + i * (step + gap);
    rects.set(id, beside ? { ...tile, x: across, y: at } : { ...tile, x: at, y: across });
  });
  return { rects, hidden };
}

/** Tiles of a strip: as large as they may be, smaller where more people would then be seen. */
function stripTile(box: Size, count: number, beside: boolean, gap: number): Size {
  const narrow = box.width < 560;
  if (!beside && narrow) {
    const width = Math.min(132, Math.max(72, (box.width - gap * (count - 1)) / count));
    return { width, height: Math.min(width * 1.2, box.height * 0.19) };
  }
  if (!beside) {
    const fitting = (box.width - gap * (count - 1)) / count;
    const width = Math.max(Math.min(132, fitting), Math.min(232, fitting, box.height * 0.2 * STRIP_ASPECT));
    return { width, height: width / STRIP_ASPECT };
  }
  // One or two faces beside a screen may be larger than ten.
  const largest = Math.min(340, box.width * (count <= 2 ? 0.26 : 0.19));
  const fitting = ((box.height - gap * (count - 1)) / count) * STRIP_ASPECT;
  const width = Math.max(Math.min(132, largest), Math.min(largest, fitting));
  return { width, height: width / STRIP_ASPECT };
}

/** Everything on the stage. */
export function arrange(input: StageInput): StageLayout {
  const gap = input.gap ?? 10;
  if (input.width <= 0 || input.height <= 0) return { rects: new Map(), hidden: [], moreRect: null };
  const { rects, hidden } = input.featured?.length ? spotlight(input, gap) : crowd(input, gap);
  const placed = new Map<string, Rect>();
  for (const [id, r] of rects) {
    const x = input.rtl ? input.width - r.x - r.width : r.x;
    placed.set(id, { x: Math.round(x), y: Math.round(r.y), width: Math.round(r.width), height: Math.round(r.height) });
  }
  const moreRect = placed.get(MORE) ?? null;
  placed.delete(MORE);
  return { rects: placed, hidden, moreRect };
}
