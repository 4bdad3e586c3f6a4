// The judges themselves: a verdict is worth something only when it can be "no".
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { launch } from '../lib/browser.mjs';
import { firstPictures, hears, hearsNothing, matches, seesMoving } from '../lib/judge.mjs';
import { PEOPLE, mediaFiles } from '../lib/people.mjs';
import { pictures, plays, showsMoment, vlcShows } from '../lib/playback.mjs';
import { serveFiles } from '../lib/static.mjs';

const { ann, bob, fox } = PEOPLE;

// Two peer connections in one page: camera and voice go through real encoders.
const PAGE = `<!doctype html><title>loopback</title><video id=own autoplay muted playsinline></video><video id=far autoplay playsinline></video>
<script type=module>
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240 } });
  own.srcObject = media;
  const a = new RTCPeerConnection(), b = new RTCPeerConnection();
  a.onicecandidate = (e) => b.addIceCandidate(e.candidate); b.onicecandidate = (e) => a.addIceCandidate(e.candidate);
  b.ontrack = (e) => { far.srcObject = e.streams[0]; };
  window.senders = media.getTracks().map((track) => a.addTrack(track, media));
  await a.setLocalDescription(); await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription(); await a.setRemoteDescription(b.localDescription);
  window.freeze = () => { const c = document.createElement('canvas'); c.width = 320; c.height = 240; const g = c.getContext('2d'); g.drawImage(own, 0, 0);
    const still = c.captureStream(10).getVideoTracks()[0]; setInterval(() => g.fillRect(0, 0, 1, 1), 100); return senders.find((s) => s.track.kind === 'video').replaceTrack(still); };
  window.ready = true;
</script>`;

for (const [who, engine] of [[ann, 'chromium'], [fox, 'firefox']]) {
  test(`the judges can say yes and no in ${engine}`, { timeout: 90_000 }, async (t) => {
    const files = await serveFiles({ '/': () => ({ type: 'text/html', body: PAGE }) });
    t.after(() => files.close());
    const person = await launch(who, { engine });
    t.after(() => person.close());
    const tab = await person.open(`${files.origin}/`);
    await tab.until('loopback runs', () => window.ready === true);

    await seesMoving(tab, '#far', who);
    await hears(tab, '#far', who);
    assert.equal(matches(bob, await tab.eval(() => window.__probe.look('#far'))), false, 'another picture is not taken for it');
    await assert.rejects(hears(tab, '#far', bob, { timeout: 1500 }), /not within/, 'another tone is not taken for it');
    assert.equal(await tab.eval(() => window.__probe.look('#nothing')), null);

    await tab.eval(() => window.senders.forEach((s) => { if (s.track.kind === 'audio') s.track.enabled = false; }));
    await hearsNothing(tab, '#far', who);
    await assert.rejects(hears(tab, '#far', who, { timeout: 1500 }), /not within/, 'silence is heard as silence');

    await tab.eval(() => window.freeze());
    await tab.until('the still picture has arrived', () => window.__probe.look('#far').time > 0);
    await assert.rejects((async () => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await seesMoving(tab, '#far', who, { timeout: 2500 });
    })(), /not within/, 'a still picture is not a moving one');
    const first = await firstPictures(tab);
    assert.equal(first.fromJoin, null);
  });
}

test('the judges of files can say yes and no', { timeout: 120_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'veche-e2e-judges-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const files = await serveFiles({ '/': () => ({ type: 'text/html', body: '<!doctype html><title>player</title>' }) });
  t.after(() => files.close());
  const persons = [await launch(ann), await launch(fox, { engine: 'firefox' })];
  t.after(() => Promise.all(persons.map((person) => person.close())));
  const tabs = await Promise.all(persons.map((person) => person.open(`${files.origin}/`)));

  const { camera, voice } = mediaFiles(ann);
  for (const [name, type, ...codecs] of [['good.webm', 'video/webm; codecs="vp8, opus"', '-c:v', 'libvpx'], ['good.mp4', 'video/mp4; codecs="avc1.42E01F, opus"', '-c:v', 'libx264', '-movflags', '+faststart']]) {
    const path = join(dir, name);
    execFileSync('ffmpeg', ['-v', 'error', '-stream_loop', '-1', '-i', camera, '-stream_loop', '-1', '-i', voice, '-t', '5', ...codecs, '-pix_fmt', 'yuv420p', '-c:a', 'libopus', path]);
    const decoded = pictures(path);
    const cut = join(dir, `cut-${name}`);
    writeFileSync(cut, readFileSync(path).subarray(0, readFileSync(path).length >> 1));

    const shown = vlcShows(path, 4);
    showsMoment('VLC', decoded, 4, shown, 0.4);
    assert.throws(() => showsMoment('VLC', decoded, 2, shown, 0.4), /VLC at 2.00/, 'another moment is not taken for it');
    assert.equal(vlcShows(cut, 4), null, 'VLC shows nothing of what is cut off');
    for (const tab of tabs) {
      const played = await plays(tab, path, type, [0.8]);
      if (!played) continue;
      showsMoment(tab.name, decoded, 4, played.sights[0].pixels);
      assert.throws(() => showsMoment(tab.name, decoded, 2, played.sights[0].pixels), /at 2.00/, 'another moment is not taken for it');
      const half = await plays(tab, cut, type, [0.8]).catch(() => null);
      if (half) assert.throws(() => showsMoment(tab.name, decoded, 4, half.sights[0].pixels), /Ann|Fox/, 'what is cut off is not seen');
    }
  }
});
