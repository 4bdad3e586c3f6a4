/** The front door. The page is readable and usable without this; here it learns names and languages. */
import '../styles/landing';
import { language, languages, speak, words, type Language } from '../i18n';
import '../model/theme';
import { hue, monogram, roomFrom, roomName } from '../model/names';
import { icons } from '../ui/icons';

const SVG = 'http://www.w3.org/2000/svg';

function draw(tag: string, attributes: Record<string, string>): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function icon(name: keyof typeof icons): SVGElement {
  const svg = draw('svg', { width: '20', height: '20', viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor', 'stroke-width': '1.9', 'stroke-linecap': 'round', 'stroke-linejoin': 'round' });
  svg.append(...icons[name].map(([tag, attributes]) => draw(tag, attributes)));
  return svg;
}

const room = document.querySelector<HTMLInputElement>('#room')!;
const shuffle = document.querySelector<HTMLButtonElement>('#shuffle')!;
const form = document.querySelector<HTMLFormElement>('#start')!;

room.value = roomName();
shuffle.hidden = false;
shuffle.append(icon('shuffle'));
shuffle.addEventListener('click', () => {
  room.value = roomName();
  room.focus();
});
room.addEventListener('focus', () => room.select());

// A pasted link opens what it points to; a name opens the door that was pressed.
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const { path, room: name } = roomFrom(room.value, location.origin);
  if (!name) return room.focus();
  const pressed = (event as SubmitEvent).submitter?.getAttribute('formaction') ?? '/conference';
  const doors = [...form.querySelectorAll('[formaction]')].map((door) => door.getAttribute('formaction'));
  location.assign(`${path && doors.includes(path) ? path : pressed}?roomName=${encodeURIComponent(name)}`);
});

const langs = document.querySelector('#langs')!;
for (const [code, { langName }] of Object.entries(languages)) {
  const button = document.createElement('button');
  button.type = 'button';
  button.lang = code;
  button.textContent = langName;
  button.dataset['testid'] = `lang-${code}`;
  button.addEventListener('click', () => speak(code as Language));
  langs.append(button);
}

language.subscribe((now) => {
  for (const button of langs.children) button.setAttribute('aria-pressed', String((button as HTMLElement).lang === now));
});

words.subscribe(({ landing }) => {
  document.title = landing.title;
  for (const element of document.querySelectorAll<HTMLElement>('[data-word]')) {
    const word = landing[element.dataset['word'] as keyof typeof landing];
    if (typeof word === 'string') element.textContent = word;
  }
  document.querySelectorAll('#facts li').forEach((item, i) => (item.textContent = landing.facts[i] ?? ''));
  shuffle.setAttribute('aria-label', landing.shuffle);
  shuffle.dataset['tip'] = landing.shuffle;
});

// The assembly: faces in a circle, and the word goes round.
const FACES = ['Mara', 'Юрий', 'Ines', '李', 'Olu', 'Анна', 'Wei', 'Jean-Luc', 'Noor'];
const circle = document.querySelector('#circle')!;
FACES.forEach((name, i) => {
  const face = document.createElement('span');
  face.className = 'assembly';
  face.style.setProperty('--hue', String(hue(name)));
  face.style.setProperty('--turn', String(i / FACES.length));
  face.style.setProperty('--at', String(i));
  const letters = document.createElement('span');
  letters.textContent = monogram(name);
  face.append(letters);
  circle.append(face);
});
