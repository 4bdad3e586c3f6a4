import { useEffect, useMemo } from 'preact/hooks';
import { words } from '../i18n';
import type { AppConfig, Asked } from '../model/app';
import { Call } from '../model/call';
import type { Veche } from '../model/sdk';
import { Spoken } from './Banner';
import { Ended, Left, Unsupported } from './Interlude';
import { Lobby } from './Lobby';
import { Room } from './Room';

function Page({ call }: { call: Call }) {
  switch (call.phase.value) {
    case 'lobby':
    case 'joining':
      return <Lobby call={call} />;
    case 'room':
      return <Room call={call} />;
    case 'left':
      return <Left call={call} />;
    case 'ended':
      return <Ended call={call} />;
  }
}

const ADDRESS_MS = 300;

/** The room in the address, so that a reload or a copied address leads here. */
function keepAddress(room: string): void {
  const url = new URL(location.href);
  url.searchParams.delete('room');
  url.searchParams.set('roomName', room);
  history.replaceState(null, '', url);
}

export function App({ sdk, config, asked, onCall }: { sdk: Veche; config: AppConfig; asked: Asked; onCall?: (call: Call) => void }) {
  const call = useMemo(() => new Call(sdk, config, asked), [sdk, config, asked]);
  const support = useMemo(() => sdk.checkSupport(), [sdk]);
  const room = call.room.value;
  useEffect(() => {
    if (!support.ok) return;
    onCall?.(call);
    const open = call.openMedia({ microphone: asked.audio, camera: asked.video });
    if (asked.autojoin) void open.then(() => call.join());
  }, [call, support]);
  const unread = call.talk.unread.value;
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${room} · ${words.value.app[config.name]} · Veche`;
  }, [room, unread, words.value]);
  useEffect(() => {
    if (!room) return undefined;
    // Browsers refuse an address that changes with every key.
    const timer = setTimeout(() => keepAddress(room), ADDRESS_MS);
    return () => clearTimeout(timer);
  }, [room]);
  if (!support.ok) return <Unsupported missing={support.missing} />;
  return (
    <>
      <Page call={call} />
      <Spoken call={call} />
    </>
  );
}
