// The judges themselves: a verdict is worth something only when it can be "no".
import assert from 'node:assert/strict';
import test from 'node:test';
import { launch } from '../lib/browser.mjs';
import { firstPictures, hears, hearsNothing, matches, seesMoving } from '../lib/judge.mjs';
import { PEOPLE } from '../lib/people.mjs';
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
