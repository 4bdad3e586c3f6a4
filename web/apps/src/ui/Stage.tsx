import { useMemo, useRef } from 'preact/hooks';
import type { RemoteStream } from '@veche/sdk';
import { words } from '../i18n';
import type { Call } from '../model/call';
import { arrange, type Rect } from '../model/layout';
import { withSpeaker } from '../model/order';
import { Alone } from './Alone';
import { useMedia, useSize, useStream } from './hooks';
import { OwnScreenTile, OwnTile, RemoteTile } from './Tile';
import { RemoteAudio } from './Video';

const OWN = 'own/camera';
const OWN_SCREEN = 'own/screen';

const cameraId = (login: string) => `camera/${login}`;
const screenId = (login: string, name: string) => `screen/${login}/${name}`;

function useOwnMedia(call: Call): MediaStream | null {
  const { media, own } = call;
  const track = media.camera.value;
  const publication = own.camera.value;
  const version = own.version.value;
  return useMemo(() => {
    if (publication?.media.getVideoTracks().length) return publication.media;
    return track ? new MediaStream([track]) : null;
  }, [publication, track, version]);
}

/** Proportions of a picture, once known and whenever they change. */
function useAspect(stream: RemoteStream | null): number | null {
  useStream(stream);
  return stream && stream.width > 0 && stream.height > 0 ? stream.width / stream.height : null;
}

/** All the pictures. Every tile is a child of one box, so a video never starts anew when the layout changes. */
export function Stage({ call }: { call: Call }) {
  const box = useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const narrow = useMedia('(max-width: 560px), (max-height: 480px)');
  const lastScene = useRef('');
  const ownMedia = useOwnMedia(call);
  const { own, media } = call;
  const people = call.people.value;
  const speaker = call.speaker.value;
  const ownScreen = own.screen.value;
  const me = call.name.value;
  const alone = people.length === 0;

  const screens = people.flatMap((person) => person.screens.map((stream) => ({ id: screenId(person.login, stream.name), login: person.login, stream })));
  const faces = people.map((person) => cameraId(person.login));
  const everything = [...screens.map(({ id }) => id), ...faces];
  const pinned = call.pinned.value;
  const featured = pinned && everything.includes(pinned) ? [pinned] : screens.map(({ id }) => id);
  const rest = everything.filter((id) => !featured.includes(id));

  // A single screen gets a tile of its own proportions: no bands at its sides.
  const single = featured.length === 1 ? screens.find(({ id }) => id === featured[0])?.stream : undefined;
  const aspect = useAspect(single ?? null);

  const place = (tiles: readonly string[]) =>
    arrange({
      ...size,
      tiles,
      featured,
      aspect,
      own: ownScreen ? [OWN, OWN_SCREEN] : [OWN],
      gap: narrow ? 6 : 10,
      rtl: document.documentElement.dir === 'rtl',
    });
  let layout = place(rest);
  const speaking = speaker ? cameraId(speaker) : null;
  if (speaking && layout.hidden.includes(speaking)) layout = place(withSpeaker(rest, speaking, rest.length - layout.hidden.length));

  // Tiles glide when people come and go, and follow at once when the window changes.
  const scene = [...layout.rects.keys()].join('|') + featured.join('|');
  const moves = lastScene.current !== scene;
  lastScene.current = scene;

  const placed = (id: string, rect: Rect) => ({
    rect,
    moves,
    featured: featured.includes(id),
    pinned: pinned === id,
    onPin: () => call.togglePin(id),
  });
  const rectOf = (id: string) => layout.rects.get(id);
  const ownRect = rectOf(OWN);
  const ownScreenRect = rectOf(OWN_SCREEN);

  return (
    <div ref={box} class="stage" data-testid="stage" data-people={call.count.value} data-away={call.away.value !== null}>
      {alone && <Alone call={call} />}
      {screens.map(({ id, login, stream }) => {
        const rect = rectOf(id);
        return rect && <RemoteTile key={id} login={login} stream={stream} kind="screen" speaking={false} speaker={media.speaker.value} {...placed(id, rect)} />;
      })}
      {people.map((person) => {
        const id = cameraId(person.login);
        const rect = rectOf(id);
        if (rect) {
          return <RemoteTile key={id} login={person.login} stream={person.camera} kind="camera" speaking={speaker === person.login} speaker={media.speaker.value} {...placed(id, rect)} />;
        }
        return person.camera && <RemoteAudio key={`${id}/heard`} stream={person.camera} speaker={media.speaker.value} />;
      })}
      {ownScreen && ownScreenRect && (
        <OwnScreenTile key={OWN_SCREEN} login={me} publication={ownScreen} onStop={() => void call.share()} {...placed(OWN_SCREEN, ownScreenRect)} />
      )}
      {ownRect && (
        <OwnTile
          key={OWN}
          login={me}
          publication={own.camera.value}
          media={ownMedia}
          cameraOn={own.on.camera.value}
          microphoneOn={own.on.microphone.value || own.lent.value}
          speaking={speaker === me}
          {...placed(OWN, ownRect)}
        />
      )}
      {layout.moreRect && (
        <button
          type="button"
          class="tile tile--more"
          style={{ left: `${layout.moreRect.x}px`, top: `${layout.moreRect.y}px`, width: `${layout.moreRect.width}px`, height: `${layout.moreRect.height}px` }}
          onClick={() => call.show('people')}
        >
          {words.value.tile.more(layout.hidden.length)}
        </button>
      )}
    </div>
  );
}
