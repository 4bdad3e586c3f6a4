import type { ComponentChildren } from 'preact';
import { words } from '../i18n';
import type { Call } from '../model/call';
import { Icon } from './Icon';

/** What went wrong, said once, where it matters. */
export function Banner({ reason, title, text, children }: { reason: string; title: string; text?: string | undefined; children?: ComponentChildren }) {
  return (
    <div class="banner" role="alert" data-testid="error-banner" data-reason={reason}>
      <Icon name="warn" size={20} />
      <p>
        <strong>{title}</strong> {text}
      </p>
      {children}
    </div>
  );
}

/** Lines that come and go, over the stage. */
export function NoticeList({ call }: { call: Call }) {
  const { notices } = call;
  return (
    <div class="notices">
      {notices.list.value.map((notice) =>
        notice.tone === 'alarm' ? (
          <Banner key={notice.key} reason={notice.reason ?? 'server'} title={notice.text}>
            {notice.action && (
              <button
                type="button"
                class="button button--small"
                onClick={() => {
                  notices.dismiss(notice.key);
                  notice.action?.act();
                }}
              >
                {notice.action.word}
              </button>
            )}
            <button type="button" class="tool tool--plain" aria-label={words.value.notices.dismiss} onClick={() => notices.dismiss(notice.key)}>
              <Icon name="close" size={16} />
            </button>
          </Banner>
        ) : (
          <div key={notice.key} class="notice">
            <bdi>{notice.text}</bdi>
          </div>
        ),
      )}
    </div>
  );
}

/** What screen readers hear of joins, leaves and messages. */
export function Spoken({ call }: { call: Call }) {
  return (
    <p class="visually-hidden" role="status" aria-live="polite">
      {call.notices.spoken.value}
    </p>
  );
}
