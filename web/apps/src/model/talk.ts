/** The chat of one room: what was written, who came and went, what is unread. */
import { computed, signal } from '@preact/signals';
import type { ChatMessage, Room } from '@veche/sdk';
import { groupChat, type Happening } from './chat';

/** Enough for a long meeting; older lines leave first. */
const MOST_HAPPENINGS = 500;

export class Talk {
  readonly messages = signal<readonly ChatMessage[]>([]);
  readonly happenings = signal<readonly Happening[]>([]);
  readonly blocks = computed(() => groupChat(this.messages.value, this.happenings.value));
  readonly unread = signal(0);
  readonly open = signal(false);
  /** Whom the next message is for; `null` is everybody. */
  readonly to = signal<string | null>(null);
  readonly draft = signal('');

  private room: Room | null = null;
  private next = 1;

  /** `heard` is called for each new message of somebody else. */
  start(room: Room, heard: (message: ChatMessage) => void): void {
    this.room = room;
    const sync = () => (this.messages.value = [...room.messages]);
    room.on('message', (message) => {
      sync();
      if (message.own || message.history) return;
      if (!this.open.value) this.unread.value++;
      heard(message);
    });
    room.on('messageUpdated', sync);
    sync();
  }

  end(): void {
    this.room = null;
    this.to.value = null;
  }

  happened(kind: Happening['kind'], login: string | null): void {
    const line: Happening = { key: `h${this.next++}`, kind, login, time: Date.now() };
    this.happenings.value = [...this.happenings.value, line].slice(-MOST_HAPPENINGS);
    if (kind === 'left' && this.to.value === login) this.to.value = null;
  }

  send(): void {
    const text = this.draft.value.trim();
    if (!text || !this.room) return;
    this.draft.value = '';
    // A refusal is shown on the message itself.
    this.room.send(text, this.to.value ?? undefined).catch(() => undefined);
  }

  show(open: boolean): void {
    this.open.value = open;
    if (open) this.unread.value = 0;
  }
}
