import { listOf, words } from '../../i18n';
import { Face } from '../Tile';

const MOST_NAMES = 3;
const MOST_FACES = 4;

/** Who was there: faces that overlap, and the first names. */
export function People({ people }: { people: readonly string[] }) {
  const w = words.value.archive;
  if (people.length === 0) return <span class="crowd crowd--none">{w.nobody}</span>;
  // A comma list where more follow, so that "and" stands once.
  const more = people.length - MOST_NAMES;
  const names = more > 0 ? people.slice(0, MOST_NAMES).join(', ') : listOf(people);
  return (
    <span class="crowd">
      <span class="crowd__faces" aria-hidden="true">
        {people.slice(0, MOST_FACES).map((name, i) => (
          <Face key={i} name={name} />
        ))}
      </span>
      <bdi class="crowd__names">{w.people(names, more)}</bdi>
    </span>
  );
}
