import { words } from '../i18n';
import type { Call } from '../model/call';

/** The states by the names that the manual uses; they are the same in every language. */
function statusText(call: Call): string {
  const state = call.connection.value;
  const phase = call.phase.value;
  if (phase === 'joining') return state === 'connected' ? 'ESTABLISHED' : words.value.status.join;
  if (phase !== 'room') return words.value.status.login;
  if (state === 'reconnecting') return 'RECONNECTING';
  return call.own.publishing.value ? 'ESTABLISHED · PUBLISHING' : 'ESTABLISHED';
}

export function Status({ call }: { call: Call }) {
  return (
    <span
      class="status"
      data-testid="status"
      data-connection={call.connection.value}
      data-publishing={call.own.publishing.value}
      data-recording={call.recording.value.on}
      aria-label={`${words.value.status.label}: ${statusText(call)}`}
    >
      <i class="status__dot" aria-hidden="true" />
      {statusText(call)}
    </span>
  );
}
