import { words } from '../../i18n';

/** A sentence of the server's own, which is English on every page. */
export function ServerSays({ text, class: look }: { text: string; class: string }) {
  return (
    <span class={look} data-testid="server-says">
      {/* One child, so that a box that counts lines has the word and the sentence in one. */}
      <span>
        {words.value.archive.serverSays}{' '}
        <bdi lang="en" dir="ltr">
          {text}
        </bdi>
      </span>
    </span>
  );
}
