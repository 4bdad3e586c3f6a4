import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { words } from '../i18n';
import { Icon } from './Icon';

/** A dialog: the browser keeps the focus inside and gives it back afterwards. */
export function Sheet({ title, testid, onClose, children }: { title: string; testid: string; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    dialog.current?.showModal();
    return () => before?.focus?.();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="sheet"
      data-testid={testid}
      aria-label={title}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="sheet__body">
        <header class="sheet__head">
          <h2>{title}</h2>
          <button type="button" class="tool tool--plain" data-testid="dialog-close" aria-label={words.value.close} onClick={() => dialog.current?.close()}>
            <Icon name="close" size={20} />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
