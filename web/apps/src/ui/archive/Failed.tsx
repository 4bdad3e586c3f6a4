import { words } from '../../i18n';
import type { Fault } from '../../model/archive/fault';
import { Icon } from '../Icon';

/** Why the film does not play, and what can be done about it. */
export function Failed({ fault, onAgain, onSignIn }: { fault: Fault; onAgain: () => void; onSignIn: () => void }) {
  const w = words.value.archive;
  const sentence = { unplayable: w.one.cannotPlay, unreachable: w.one.unreachable, session: w.one.sessionEnded, link: w.one.linkEnded }[fault];
  return (
    <div class="player__failed" role="alert" data-testid="player-failed" data-fault={fault}>
      <Icon name="warn" size={20} />
      <p>{sentence}</p>
      {fault === 'unreachable' && (
        <button type="button" class="button button--small" data-testid="player-again" onClick={onAgain}>
          {w.again}
        </button>
      )}
      {fault === 'session' && (
        <button type="button" class="button button--small" data-testid="player-sign-in" onClick={onSignIn}>
          {w.one.signIn}
        </button>
      )}
    </div>
  );
}
