import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { encode } from 'uqr';
import { words } from '../i18n';
import { inviteLink } from '../model/app';
import { copy } from './copy';
import { Icon } from './Icon';

/** The code is dark on white in either theme: cameras want it so. */
function Qr({ text, size }: { text: string; size: number }) {
  const code = useMemo(() => encode(text, { ecc: 'M', border: 0 }), [text]);
  const path = useMemo(() => {
    let d = '';
    code.data.forEach((row, y) => row.forEach((dark, x) => (d += dark ? `M${x} ${y}h1v1h-1z` : '')));
    return d;
  }, [code]);
  return (
    <svg class="qr" data-testid="invite-qr" role="img" aria-label={words.value.invite.qr} width={size} height={size} viewBox={`-2 -2 ${code.size + 4} ${code.size + 4}`} shape-rendering="crispEdges">
      <path d={path} fill="currentColor" />
    </svg>
  );
}

const COPIED_MS = 2_400;

/** Link, copy, the system's own sending, and the code. */
export function InviteLink({ room, say, qr = 148 }: { room: string; say: (text: string) => void; qr?: number }) {
  const w = words.value.invite;
  const link = inviteLink(room);
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const onCopy = async () => {
    if (!(await copy(link, field.current))) return;
    setCopied(true);
    say(w.copied);
  };
  return (
    <div class="invite">
      <Qr text={link} size={qr} />
      <div class="invite__link">
        <input ref={field} class="input" data-testid="invite-link" readOnly value={link} aria-label={w.link} onFocus={(e) => e.currentTarget.select()} />
        <div class="invite__actions">
          <button type="button" class="button" data-testid="invite-copy" data-copied={copied} onClick={() => void onCopy()}>
            <Icon name={copied ? 'check' : 'copy'} size={18} />
            {copied ? w.copied : w.copy}
          </button>
          {'share' in navigator && (
            <button type="button" class="button button--quiet" onClick={() => void navigator.share({ url: link }).catch(() => undefined)}>
              <Icon name="shareOut" size={18} />
              {w.send}
            </button>
          )}
        </div>
      </div>
    </div>
  );
}
