import { useEffect } from 'preact/hooks';
import type { Call } from '../model/call';
import { actionFor, isWriting, spaceIsTaken, type Action } from '../model/keys';

/** The keyboard of a call, while in the room. */
export function useKeys(call: Call, canShare: boolean): void {
  useEffect(() => {
    const act: Record<Action, () => void> = {
      microphone: () => void call.own.toggle('microphone'),
      camera: () => void call.own.toggle('camera'),
      share: () => canShare && void call.share(),
      record: () => void call.record(),
      chat: () => call.show('chat'),
      people: () => call.show('people'),
    };
    const down = (event: KeyboardEvent) => {
      const focus = document.activeElement;
      const action = actionFor(event, isWriting(focus));
      if (action) {
        event.preventDefault();
        if (!event.repeat) act[action]();
      } else if (event.code === 'Space' && !spaceIsTaken(focus) && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        call.own.lend(true);
      }
    };
    const up = (event: KeyboardEvent) => {
      if (event.code !== 'Space') return;
      // A button that was clicked keeps the focus and would be pressed again.
      if (call.own.lent.value || !spaceIsTaken(document.activeElement)) event.preventDefault();
      call.own.lend(false);
    };
    const blur = () => call.own.lend(false);
    addEventListener('keydown', down);
    addEventListener('keyup', up);
    addEventListener('blur', blur);
    return () => {
      removeEventListener('keydown', down);
      removeEventListener('keyup', up);
      removeEventListener('blur', blur);
    };
  }, [call, canShare]);
}
