import { words } from '../../i18n';
import type { Library } from '../../model/archive/library';
import { refusalText } from '../../model/archive/refusal';
import { titleOf } from '../../model/archive/standing';
import { Icon } from '../Icon';
import { ServerSays } from './ServerSays';

/** What was just done, and the way back from it. It waits while somebody is at it. */
export function Toast({ library }: { library: Library }) {
  const toast = library.toast.value;
  const w = words.value.archive.toast;
  const { what, recording, error } = toast ?? { what: 'copied', recording: null, error: null };
  const name = recording ? titleOf(recording) : '';
  const refusal = error && refusalText(error, words.value.archive);
  const text = what === 'failed' ? (refusal?.own ?? w.failed) : what === 'copied' ? w.copied : w[what](name);
  return (
    <div class="toasts" role="status">
      {toast && (
        <div
          key={toast.key}
          class="toast"
          data-testid="toast"
          data-what={what}
          onPointerEnter={() => library.hold(true)}
          onPointerLeave={() => library.hold(false)}
          onFocusIn={() => library.hold(true)}
          onFocusOut={() => library.hold(false)}
        >
          {what === 'failed' && <Icon name="warn" size={18} />}
          <span class="toast__text">
            <bdi>{text}</bdi>
            {refusal?.server && <ServerSays class="toast__more" text={refusal.server} />}
          </span>
          {what === 'removed' && (
            <button type="button" class="toast__act" data-testid="undo" aria-keyshortcuts="Control+Z Meta+Z" onClick={() => void library.undo()}>
              <Icon name="undo" size={17} />
              {w.undo}
            </button>
          )}
          <button type="button" class="tool tool--plain" aria-label={words.value.notices.dismiss} onClick={() => library.hush()}>
            <Icon name="close" size={16} />
          </button>
        </div>
      )}
    </div>
  );
}
