// A page on another origin that holds nothing but the SDK, for its modern face.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serveFiles } from './static.mjs';

const sdk = resolve(dirname(fileURLToPath(import.meta.url)), '../../sdk');

const PAGE = `<!doctype html><html lang=en><title>SDK</title><div id=grid></div>
<script type=module>
  import * as sdk from '/dist/veche-sdk.js';
  const log = [];
  const on = (source, name) => source.on(name, (arg) => log.push({ name, value: typeof arg === 'string' || arg === null ? arg : arg?.login ?? arg?.text ?? arg?.error?.reason ?? null }));
  const show = async (stream) => {
    const video = document.createElement('video');
    video.autoplay = video.playsInline = true;
    video.dataset.login = stream.login; video.dataset.kind = stream.kind;
    grid.append(video);
    stream.on('quality', (quality) => log.push({ name: 'quality', value: quality }));
    stream.on('level', (level) => { video.dataset.level = level; });
    stream.on('status', (status) => { log.push({ name: 'status', value: status }); if (status === 'ended') video.remove(); });
    await stream.play();
    stream.attach(video);
  };
  window.enter = async (url, login, roomName, options = {}) => {
    const client = await sdk.connect({ url, login });
    const room = await client.join(roomName, options);
    on(client, 'state'); on(client, 'goingAway'); on(client, 'closed');
    for (const name of ['participantJoined', 'participantLeft', 'message', 'activeSpeaker', 'connection', 'left']) on(room, name);
    room.on('streamAdded', show);
    room.on('streamRemoved', (stream) => document.querySelector('video[data-login="' + stream.login + '"][data-kind="' + stream.kind + '"]')?.remove());
    for (const participant of room.participants.values()) for (const stream of participant.streams) show(stream);
    const media = await sdk.openMedia({ audio: true, video: { width: 320, height: 240 } });
    const publication = await room.publish(media);
    Object.assign(window, { client, room, media, publication });
    return room.participants.size;
  };
  Object.assign(window, { sdk, log, ready: true });
</script>`;

/** The page of web/sdk/examples, as a user copies it. */
export const exampleText = () => readFileSync(resolve(sdk, 'examples/minimal.html'), 'utf8');

// As pages for WebSDK are written: callbacks, displays, status constants.
export const COMPAT_PAGE = `<!doctype html><html lang=en><title>WebSDK's face</title><div id=own></div><div id=far></div>
<script type=module>
  import { RoomApi, SESSION_STATUS, ROOM_EVENT, STREAM_STATUS } from '/dist/veche-sdk.js';
  const seen = (what) => window.seen.push(what);
  window.seen = [];
  window.enter = (urlServer, username, name) => RoomApi.connect({ urlServer, username })
    .on(SESSION_STATUS.ESTABLISHED, (session) => {
      seen('ESTABLISHED');
      const play = (participant) => { for (const stream of participant.getStreams()) stream.play(document.getElementById('far')).on(STREAM_STATUS.PLAYING, () => seen('PLAYING')); };
      session.join({ name })
        .on(ROOM_EVENT.STATE, (room) => {
          window.room = room;
          seen('STATE ' + room.getParticipants().map((p) => p.name()));
          room.getParticipants().forEach(play);
          room.publish({ display: document.getElementById('own'), constraints: { audio: true, video: true } }).on(STREAM_STATUS.PUBLISHING, () => seen('PUBLISHING'));
        })
        .on(ROOM_EVENT.JOINED, (participant) => seen('JOINED ' + participant.name()))
        .on(ROOM_EVENT.LEFT, (participant) => seen('LEFT ' + participant.name()))
        .on(ROOM_EVENT.PUBLISHED, play)
        .on(ROOM_EVENT.FAILED, (room, info) => seen('FAILED ' + info))
        .on(ROOM_EVENT.MESSAGE, (message) => seen('MESSAGE ' + message.from.name() + ': ' + message.text));
    })
    .on(SESSION_STATUS.FAILED, () => seen('SESSION FAILED')).on(SESSION_STATUS.DISCONNECTED, () => seen('DISCONNECTED'));
  window.ready = true;
</script>`;

export async function serveSdk() {
  if (!existsSync(resolve(sdk, 'dist/veche-sdk.js'))) throw new Error('web/sdk is not built: run "npm run build --workspace sdk"');
  return serveFiles({ '/dist/': resolve(sdk, 'dist'), '/examples/': resolve(sdk, 'examples'), '/compat': () => ({ type: 'text/html', body: COMPAT_PAGE }), '/': (path) => (path === '' ? { type: 'text/html', body: PAGE } : null) });
}
