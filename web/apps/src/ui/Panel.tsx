import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { words } from '../i18n';
import type { Call } from '../model/call';
import { Icon } from './Icon';

/** Beside the stage on wide windows, over it on phones. */
export function Panel({ call, title, testid, note, children }: { call: Call; title: string; testid: string; note?: string; children: ComponentChildren }) {
  const element = useRef<HTMLElement>(null);
  const opener = useRef(document.activeElement as HTMLElement | null);
  useEffect(() => {
    // The focus goes back to what opened the panel, unless it has gone elsewhere meanwhile.
    const panel = element.current;
    return () => {
      const now = document.activeElement;
      if (!now || now === document.body || panel?.contains(now)) opener.current?.focus?.();
    };
  }, []);
  return (
    <aside ref={element} class="panel" tabIndex={-1} data-testid={testid} aria-label={title} onKeyDown={(event) => event.key === 'Escape' && call.show(call.panel.value)}>
      <header class="panel__head">
        <h2>{title}</h2>
        {note && <span class="panel__note">{note}</span>}
        <button type="button" class="tool tool--plain" aria-label={`${words.value.close}: ${title}`} onClick={() => call.show(call.panel.value)}>
          <Icon name="close" size={20} />
        </button>
      </header>
      {children}
    </aside>
  );
}
