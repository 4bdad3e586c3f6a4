import type { ComponentChildren } from 'preact';
import { language, languages, speak, words, type Words } from '../i18n';
import type { Call } from '../model/call';
import { theme, themes } from '../model/theme';
import { Icon } from './Icon';
import { DeviceMenus } from './DeviceMenus';

const THEME_ICONS = { system: 'system', light: 'sun', dark: 'moon' } as const;

/** A choice among few: radio buttons that look like one control. */
export function Choice<T extends string>(props: { name: string; label: string; value: T; options: { value: T; content: ComponentChildren; lang?: string }[]; onChoose: (value: T) => void }) {
  return (
    <fieldset class="choice">
      <legend>{props.label}</legend>
      <div class="choice__row">
        {props.options.map(({ value, content, lang }) => (
          <label key={value} class="choice__option" lang={lang}>
            <input type="radio" name={props.name} data-testid={`${props.name}-${value}`} checked={props.value === value} onChange={() => props.onChoose(value)} />
            <span>{content}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function LookAndLanguage() {
  const w = words.value.settings;
  return (
    <>
      <Choice
        name="theme"
        label={w.theme}
        value={theme.value}
        options={themes.map((value) => ({
          value,
          content: (
            <>
              <Icon name={THEME_ICONS[value]} size={18} />
              {w[value]}
            </>
          ),
        }))}
        onChoose={(value) => (theme.value = value)}
      />
      <Choice
        name="lang"
        label={w.language}
        value={language.value}
        options={Object.entries<Words>(languages).map(([value, { langName }]) => ({ value: value as keyof typeof languages, content: langName, lang: value }))}
        onChoose={speak}
      />
    </>
  );
}

export function Settings({ call }: { call: Call }) {
  return (
    <div class="settings">
      <DeviceMenus call={call} />
      <LookAndLanguage />
    </div>
  );
}
