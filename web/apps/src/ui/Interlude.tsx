import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Reason } from '@veche/sdk';
import { words } from '../i18n';
import type { Call } from '../model/call';
import { roomName } from '../model/names';
import { Ring, type Story } from './Ring';

interface InterludeProps {
  testid: string;
  story: Story;
  title: string;
  text: string;
  /** Set where something went wrong. */
  reason?: string;
  missing?: string;
  children?: ComponentChildren;
}

/** A page with one thing to say and one thing to do. */
export function Interlude({ testid, story, title, text, reason, missing, children }: InterludeProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <main class="interlude" data-testid={testid} data-reason={reason} data-missing={missing}>
      <Ring story={story} size={168} />
      <div class="interlude__words" data-testid={reason ? 'error-banner' : undefined} data-reason={reason} role={reason ? 'alert' : undefined}>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <p>{text}</p>
      </div>
      <div class="interlude__actions">{children}</div>
    </main>
  );
}

function Home() {
  return (
    <a class="button button--quiet" href="/">
      {words.value.left.home}
    </a>
  );
}

function Rejoin({ call, word }: { call: Call; word: string }) {
  return (
    <button type="button" class="button" data-testid="rejoin" onClick={() => void call.rejoin()}>
      {word}
    </button>
  );
}

export function Left({ call }: { call: Call }) {
  const w = words.value.left;
  return (
    <Interlude testid="left" story="left" title={w.title} text={w.text(call.room.value)}>
      <Rejoin call={call} word={w.rejoin} />
      <Home />
    </Interlude>
  );
}

const STORIES: Partial<Record<Reason, Story>> = { room_full: 'full', replaced: 'double' };

export function Ended({ call }: { call: Call }) {
  const w = words.value;
  const problem = call.problem.value;
  const reason: Reason = problem === null || problem === 'empty_name' ? 'closed' : problem;
  const full = reason === 'room_full';
  return (
    <Interlude testid="ended" story={STORIES[reason] ?? 'lost'} reason={reason} {...w.reasons[reason]}>
      <Rejoin call={call} word={full ? w.media.again : reason === 'replaced' ? w.interlude.here : w.left.rejoin} />
      {full ? (
        <a class="button button--quiet" href={`${location.pathname}?roomName=${roomName()}`}>
          {w.interlude.ownRoom}
        </a>
      ) : (
        <Home />
      )}
    </Interlude>
  );
}

export function Unsupported({ missing }: { missing: readonly string[] }) {
  const w = words.value.unsupported;
  return (
    <Interlude testid="unsupported" story="lost" reason="unsupported" missing={missing.join(' ')} title={w.title} text={`${w.text} ${w.missing(missing.join(', '))}`}>
      <Home />
    </Interlude>
  );
}
