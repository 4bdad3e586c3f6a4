import { useEffect } from 'preact/hooks';
import type { Library } from '../../model/archive/library';
import { isLive } from '../../model/archive/standing';
import { focusNear, links, placeOf, rowOf } from './focus';

function step(by: number): void {
  const all = links();
  const row = rowOf(document.activeElement);
  const at = all.findIndex((link) => row?.contains(link));
  const to = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by));
  all[to]?.focus();
  all[to]?.scrollIntoView({ block: 'nearest' });
}

/** The keyboard of the page: `/`, arrows, Delete, undo, Escape. */
export function useArchiveKeys(library: Library): void {
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      const focus = document.activeElement;
      const command = event.ctrlKey || event.metaKey;
      const writing = !!focus?.closest('input:not([type=radio]), textarea, select');
      if (library.door.value !== 'open' || library.sheet.value || event.altKey || event.defaultPrevented) return;
      if (command && event.key.toLowerCase() === 'z' && !event.shiftKey && !writing && library.toast.value?.what === 'removed') {
        event.preventDefault();
        void library.undo();
      }
      if (command || writing) return;
      const open = library.route.value.id !== null;
      if (event.key === 'Escape' && open && !library.isGuest && !document.fullscreenElement) {
        event.preventDefault();
        return library.go({ id: null });
      }
      if (event.key === '/' && !open) {
        event.preventDefault();
        return document.querySelector<HTMLElement>('[data-testid="recordings-search"]')?.focus();
      }
      if (open) return;
      if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && !focus?.matches('[type=radio]')) {
        event.preventDefault();
        return step(event.key === 'ArrowDown' ? 1 : -1);
      }
      const row = rowOf(focus);
      const recording = row && library.items.value?.find(({ id }) => id === row.dataset['id']);
      if (!recording || (event.key !== 'Delete' && event.key !== 'Backspace')) return;
      event.preventDefault();
      if (isLive(recording)) return;
      const at = placeOf(recording.id);
      library.wishRemoved(recording);
      // A question has the focus, and gives it back.
      if (!library.sheet.value) focusNear(at);
    };
    addEventListener('keydown', down);
    return () => removeEventListener('keydown', down);
  }, [library]);
}
