import { useEffect, useRef, useState } from 'preact/hooks';
import { words } from '../../i18n';
import type { Library } from '../../model/archive/library';
import { Banner } from '../Banner';
import { Icon } from '../Icon';
import { Ring } from '../Ring';

/** One field, and where its content lies. */
export function SignIn({ library }: { library: Library }) {
  const w = words.value.archive.door;
  const field = useRef<HTMLInputElement>(null);
  const [token, setToken] = useState('');
  const [shown, setShown] = useState(false);
  const [empty, setEmpty] = useState(false);
  const trouble = library.knocked.value;
  const knocking = library.door.value === 'knocking';
  useEffect(() => field.current?.focus(), []);
  useEffect(() => {
    if (trouble === 'unauthorized') field.current?.select();
  }, [trouble]);
  const problem = empty ? w.empty : trouble === null ? null : trouble === 'unauthorized' ? w.wrong : trouble === 'busy' ? w.busy : w.offline;
  return (
    <main class="door-page" data-testid="sign-in">
      <form
        class="door-card"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setEmpty(!token.trim());
          if (token.trim()) void library.signIn(token);
          else field.current?.focus();
        }}
      >
        <a class="brand" href="/" aria-label={words.value.archive.home}>
          <Ring size={34} />
          <span>Veche</span>
        </a>
        <h1>{w.title}</h1>
        <p class="door-card__text">{w.text}</p>
        {/* For password keepers, which file a secret under a name. */}
        <input class="visually-hidden" type="text" name="username" autocomplete="username" value="admin" readOnly tabIndex={-1} aria-hidden="true" />
        <label class="field">
          <span class="field__label">{w.token}</span>
          <span class="secret">
            <input
              ref={field}
              class="input input--large"
              data-testid="sign-in-token"
              {...(shown ? { type: 'text' } : { type: 'password' })}
              name="password"
              autocomplete="current-password"
              autocapitalize="off"
              spellcheck={false}
              value={token}
              aria-invalid={problem !== null}
              onInput={(event) => {
                setToken(event.currentTarget.value);
                setEmpty(false);
                library.knocked.value = null;
              }}
            />
            <button type="button" class="tool tool--plain" aria-pressed={shown} aria-label={w.show} data-tip={w.show} onClick={() => setShown(!shown)}>
              <Icon name={shown ? 'eyeOff' : 'eye'} size={20} />
            </button>
          </span>
        </label>
        {problem && <Banner reason={empty ? 'empty' : (trouble ?? 'empty')} title={problem} />}
        <button type="submit" class="button button--large" data-testid="sign-in-enter" disabled={knocking}>
          {knocking ? w.entering : w.enter}
          {!knocking && <Icon name="arrow" />}
        </button>
        <p class="door-card__note">{w.remembered}</p>
      </form>
    </main>
  );
}
