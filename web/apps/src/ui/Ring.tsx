/**
 * The sign of Veche: people in a circle, and the gold one speaks. The pages
 * that have nothing else to show tell their story with it.
 */
export type Story = 'mark' | 'first' | 'left' | 'full' | 'double' | 'lost';

interface Dot {
  x: number;
  y: number;
  r: number;
  tone: 'plain' | 'voice' | 'ghost';
}

const PEOPLE = 9;
const CENTRE = 50;

function circle(count: number, radius: number, dot: number, cx = CENTRE, cy = CENTRE, from = 0): Dot[] {
  return Array.from({ length: count }, (_, i) => {
    const angle = ((i + from) / count) * 2 * Math.PI - Math.PI / 2;
    return { x: cx + radius * Math.cos(angle), y: cy + radius * Math.sin(angle), r: dot, tone: 'plain' };
  });
}

function dots(story: Story): Dot[] {
  switch (story) {
    case 'mark':
      return circle(PEOPLE, 36, 9.2).map((dot, i) => (i === 1 ? { ...dot, r: 12, tone: 'voice' } : dot));
    case 'first':
      return circle(PEOPLE, 36, 8).map((dot, i) => (i === 0 ? { ...dot, r: 9.5, tone: 'voice' } : { ...dot, tone: 'ghost' }));
    case 'left':
      return [
        ...circle(PEOPLE, 30, 6.8, 42, 54).map((dot, i): Dot => (i === 1 ? { ...dot, tone: 'ghost' } : dot)),
        { x: 86, y: 14, r: 8, tone: 'voice' },
      ];
    case 'full':
      return [...circle(PEOPLE, 30, 9.9, 44, 54), { x: 90, y: 12, r: 8, tone: 'voice' }];
    case 'double':
      return [...circle(PEOPLE, 24, 5.4, 34, 50), ...circle(PEOPLE, 24, 5.4, 66, 50, 0.5).map((d): Dot => ({ ...d, tone: 'ghost' })), { x: 50, y: 50, r: 8, tone: 'voice' }];
    case 'lost':
      return circle(PEOPLE, 36, 8).map((dot, i): Dot => (i % 3 === 1 ? { ...dot, tone: 'ghost' } : dot));
  }
}

export function Ring({ story = 'mark', size = 28 }: { story?: Story; size?: number }) {
  return (
    <svg class={`ring ring--${story}`} width={size} height={size} viewBox="0 0 100 100" aria-hidden="true" focusable="false">
      {dots(story).map((dot, i) => (
        <circle key={i} class={`ring__${dot.tone}`} cx={dot.x} cy={dot.y} r={dot.r} />
      ))}
    </svg>
  );
}
