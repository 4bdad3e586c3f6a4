/** Short lines that come and go, and what screen readers are told. */
import { signal } from '@preact/signals';

export interface Notice {
  key: number;
  text: string;
  tone: 'quiet' | 'alarm';
  /** For `data-reason` on alarms. */
  reason?: string | undefined;
  /** What can be done about it. */
  action?: { word: string; act: () => void } | undefined;
}

/** More would cover the pictures; the oldest goes first. */
const MOST_NOTICES = 3;
const QUIET_MS = 4_000;
/** What must not be missed. */
const LONG_MS = 8_000;
const ALARM_MS = 12_000;

export class Notices {
  readonly list = signal<readonly Notice[]>([]);
  /** Spoken once, politely. */
  readonly spoken = signal('');
  private next = 1;

  /** Shows a line and says it. */
  tell(text: string, options: Partial<Pick<Notice, 'tone' | 'reason' | 'action'>> & { long?: boolean } = {}): void {
    const notice: Notice = { key: this.next++, text, tone: options.tone ?? 'quiet', reason: options.reason, action: options.action };
    this.list.value = [...this.list.value, notice].slice(-MOST_NOTICES);
    this.say(text);
    setTimeout(() => this.dismiss(notice.key), notice.tone === 'alarm' ? ALARM_MS : options.long ? LONG_MS : QUIET_MS);
  }

  say(text: string): void {
    this.spoken.value = text;
  }

  dismiss(key: number): void {
    this.list.value = this.list.value.filter((notice) => notice.key !== key);
  }
}
