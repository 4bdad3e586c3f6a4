import { useEffect, useRef, useState } from 'preact/hooks';
import { words } from '../i18n';
import type { Call } from '../model/call';
import { Icon } from './Icon';
import type { IconName } from './icons';

interface Item {
  testid: string;
  icon: IconName;
  word: string;
  /** Stands in the bar itself where there is room. */
  narrowOnly?: boolean;
  act: () => void;
}

function items(call: Call): Item[] {
  const w = words.value.menu;
  const full = document.fullscreenElement !== null;
  const list: Item[] = [
    { testid: 'menu-people', icon: 'people', word: w.people, narrowOnly: true, act: () => call.show('people') },
    { testid: 'menu-invite', icon: 'invite', word: w.invite, narrowOnly: true, act: () => (call.dialog.value = 'invite') },
    {
      testid: 'menu-record',
      icon: call.recording.value.on ? 'recordStop' : 'record',
      word: call.recording.value.on ? w.recordOff : w.record,
      narrowOnly: true,
      act: () => void call.record(),
    },
    { testid: 'menu-settings', icon: 'settings', word: w.settings, act: () => (call.dialog.value = 'settings') },
    { testid: 'menu-stats', icon: 'stats', word: w.stats, act: () => (call.dialog.value = 'stats') },
    { testid: 'menu-keys', icon: 'keys', word: w.keys, act: () => (call.dialog.value = 'keys') },
  ];
  if (document.fullscreenEnabled) {
    list.push({
      testid: 'menu-full',
      icon: 'full',
      word: full ? w.fullOff : w.full,
      act: () => void (full ? document.exitFullscreen() : document.documentElement.requestFullscreen()).catch(() => undefined),
    });
  }
  return list;
}

/** Everything that is wanted seldom. Arrows move, Escape closes and gives the focus back. */
export function More({ call }: { call: Call }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const away = (event: PointerEvent) => !root.current?.contains(event.target as Node) && setOpen(false);
    addEventListener('pointerdown', away);
    root.current?.querySelector<HTMLElement>('[role=menuitem]:not([hidden])')?.focus();
    return () => removeEventListener('pointerdown', away);
  }, [open]);

  const onKeyDown = (event: KeyboardEvent) => {
    const all = [...(root.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])].filter((el) => el.offsetParent);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      all.at(to % all.length)?.focus();
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      if (event.key === 'Escape') button.current?.focus();
      setOpen(false);
    }
  };
  const w = words.value.bar;
  return (
    <div ref={root} class="more">
      <button
        ref={button}
        type="button"
        class="bar__button"
        data-testid="more"
        data-tip={open ? undefined : w.more}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <span class="bar__icon">
          <Icon name="more" />
        </span>
        <span class="bar__word">{w.more}</span>
      </button>
      {open && (
        <div class="menu" role="menu" aria-label={w.more} onKeyDown={onKeyDown}>
          {items(call).map(({ testid, icon, word, narrowOnly, act }) => (
            <button
              key={testid}
              type="button"
              role="menuitem"
              class="menu__item"
              tabIndex={-1}
              data-testid={testid}
              data-narrow={narrowOnly}
              onClick={() => {
                setOpen(false);
                button.current?.focus();
                act();
              }}
            >
              <Icon name={icon} size={20} />
              {word}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
