import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';
import type { LocalPublication, RemoteStream } from '@veche/sdk';
import type { Size } from '../model/layout';

type Watched = RemoteStream | LocalPublication;

/** Draws again whenever the stream changed. */
export function useStream(stream: Watched | null | undefined): void {
  const [, draw] = useState(0);
  useEffect(() => {
    if (!stream) return undefined;
    const again = () => draw((n) => n + 1);
    const stops = [stream.on('changed', again), stream.on('status', again), stream.on('quality', again), stream.on('resize', again)];
    again();
    return () => stops.forEach((stop) => stop());
  }, [stream]);
}

/** The loudness goes straight into a custom property: ten times a second is too often to draw. */
export function useLevel(element: RefObject<HTMLElement | null>, stream: Watched | null | undefined): void {
  useEffect(() => {
    if (!stream) return undefined;
    return stream.on('level', (level) => element.current?.style.setProperty('--level', level.toFixed(2)));
  }, [stream, element]);
}

/** The size of an element, kept up to date. */
export function useSize(element: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const el = element.current;
    if (!el) return undefined;
    const measure = () => setSize({ width: el.clientWidth, height: el.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(el);
    return () => observer.disconnect();
  }, [element]);
  return size;
}

/** True when nothing moved for a while and there is a pointer to move. */
export function useStillness(after: number): boolean {
  const [still, setStill] = useState(false);
  useEffect(() => {
    if (!matchMedia('(hover: hover) and (pointer: fine)').matches) return undefined;
    let timer = 0;
    const move = () => {
      setStill(false);
      clearTimeout(timer);
      timer = window.setTimeout(() => setStill(true), after);
    };
    const events = ['pointermove', 'pointerdown', 'keydown', 'focusin'] as const;
    for (const event of events) addEventListener(event, move, { passive: true });
    move();
    return () => {
      clearTimeout(timer);
      for (const event of events) removeEventListener(event, move);
    };
  }, [after]);
  return still;
}

/** Seconds that pass, for "since when". */
export function useSeconds(since: number | null): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (since === null) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [since]);
  return since === null ? 0 : Math.max(0, Math.round((now - since) / 1000));
}

/** Whether a media query holds. */
export function useMedia(query: string): boolean {
  const list = useRef(matchMedia(query));
  const [matches, setMatches] = useState(list.current.matches);
  useEffect(() => {
    const change = () => setMatches(list.current.matches);
    list.current.addEventListener('change', change);
    return () => list.current.removeEventListener('change', change);
  }, []);
  return matches;
}

/** Less motion, where the person asked for less. */
export function calm(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
