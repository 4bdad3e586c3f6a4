import { render } from 'preact';
import '../styles';
import '../styles/recordings';
import { appConfig, type Asked } from '../model/app';
import type { Call } from '../model/call';
import { App } from '../ui/App';
import { archiveStates, showArchive } from './archive';
import { FakeSdk } from './fake';
import { states } from './states';

const query = new URLSearchParams(location.search);
const name = query.get('state') ?? '';
const state = states[name];
if (query.get('dir')) document.documentElement.dir = query.get('dir')!;
const root = document.getElementById('app')!;

// There is no server here: this is what it would say of the room.
const fetched = window.fetch.bind(window);
window.fetch = (what, how) =>
  String(what).startsWith('/room-state') ? Promise.resolve(Response.json(state?.door ?? { people: 0, recording: false })) : fetched(what, how);

async function run(call: Call, fake: FakeSdk): Promise<void> {
  await new Promise((done) => setTimeout(done, 250));
  await state?.before?.(call);
  if (state?.join !== false) await Promise.race([call.join(), new Promise((done) => setTimeout(done, 200))]);
  if (fake.room) await state?.set?.(fake.room, call, fake);
  document.body.dataset['ready'] = 'true';
}

if (archiveStates[name]) void showArchive(name, root);
else if (state) {
  const fake = new FakeSdk(state.options ?? {});
  const config = appConfig(state.app);
  const asked: Asked = { room: 'quiet-otter-harbour', name: state.name ?? 'Ester', autojoin: false, audio: true, video: true, record: state.record ?? false };
  render(<App sdk={fake.sdk} config={config} asked={asked} onCall={(call) => void run(call, fake)} />, root);
  if (state.options?.unsupported) document.body.dataset['ready'] = 'true';
} else {
  render(
    <ul style={{ padding: '2rem', columns: 3 }}>
      {[...Object.keys(states), ...Object.keys(archiveStates)].map((key) => (
        <li key={key}>
          <a href={`?state=${key}`}>{key}</a>
        </li>
      ))}
    </ul>,
    root,
  );
}
Object.assign(window, { galleryStates: [...Object.keys(states), ...Object.keys(archiveStates)] });
