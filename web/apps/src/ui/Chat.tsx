import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ChatMessage } from '@veche/sdk';
import { clock, listOf, words } from '../i18n';
import type { Call } from '../model/call';
import type { Block, MessageBlock } from '../model/chat';
import { isOnlyEmoji, linkify } from '../model/linkify';
import { Icon } from './Icon';
import { Panel } from './Panel';
import { Face } from './Tile';

const EMOJI = ['👍', '👏', '🙂', '😂', '😍', '🤔', '😮', '😢', '🎉', '❤️', '🔥', '✅', '❌', '🙏', '👋', '👀', '☕', '🚀', '💡', '⏰', '🤝', '🙌', '😎', '🥳'];

/** The text as text: what looks like markup stays letters. */
function Text({ text }: { text: string }) {
  return (
    <span class="message__text" data-testid="chat-text" data-large={isOnlyEmoji(text)} dir="auto">
      {linkify(text).map((piece, i) =>
        piece.kind === 'text' ? (
          piece.text
        ) : (
          <a key={i} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
            {piece.text}
          </a>
        ),
      )}
    </span>
  );
}

/** `state` comes beside the message, which is the same object before and after it was sent. */
function Message({ message, state }: { message: ChatMessage; state: ChatMessage['state'] }) {
  const w = words.value.chat;
  const reason = message.error?.reason;
  return (
    <li
      class="message"
      data-testid="chat-message"
      data-from={message.from}
      data-own={message.own}
      data-state={state}
      data-private={message.to !== null}
    >
      <Text text={message.text} />
      {state === 'sending' && <span class="message__state">{w.sending}</span>}
      {state === 'failed' && (
        <span class="message__state message__state--failed" role="alert">
          <Icon name="warn" size={14} /> {w.failed} {reason && reason !== 'server' ? words.value.reasons[reason].title + '. ' : ''}
          <button type="button" class="link" data-testid="chat-retry" onClick={() => void message.retry().catch(() => undefined)}>
            {w.retry}
          </button>
        </span>
      )}
    </li>
  );
}

function Messages({ block }: { block: MessageBlock }) {
  const w = words.value;
  const whisper = block.to === null ? null : block.own ? w.chat.private(block.to) : w.chat.privateToYou;
  return (
    <li class="block" data-own={block.own} data-whisper={whisper !== null}>
      {!block.own && <Face name={block.from} />}
      <div class="block__body">
        <p class="block__head">
          <bdi class="block__from">{block.own ? w.tile.you : block.from}</bdi>
          {whisper && <span class="block__whisper"><Icon name="lock" size={12} />{whisper}</span>}
          <time dateTime={new Date(block.time).toISOString()}>{clock(block.time)}</time>
        </p>
        <ul class="block__messages">
          {block.messages.map((message) => (
            <Message key={message.localId} message={message} state={message.state} />
          ))}
        </ul>
      </div>
    </li>
  );
}

function Line({ block }: { block: Extract<Block, { kind: 'line' }> }) {
  const w = words.value.chat;
  const names = listOf(block.logins);
  return (
    <li class="line" data-testid="chat-line">
      <span>{w[block.what](names)}</span>
      <time>{clock(block.time)}</time>
    </li>
  );
}

function Composer({ call }: { call: Call }) {
  const w = words.value.chat;
  const { talk } = call;
  const field = useRef<HTMLTextAreaElement>(null);
  const [emoji, setEmoji] = useState(false);
  const to = talk.to.value;
  useEffect(() => {
    // On a phone the keyboard would cover what one came to read.
    if (to !== null || matchMedia('(hover: hover)').matches) field.current?.focus();
    else field.current?.closest<HTMLElement>('.panel')?.focus();
  }, [to]);
  useLayoutEffect(() => {
    const el = field.current;
    if (!el) return;
    el.style.height = 'auto';
    el.style.height = `${Math.min(140, el.scrollHeight)}px`;
  }, [talk.draft.value]);

  const insert = (symbol: string) => {
    const el = field.current;
    const at = el?.selectionStart ?? talk.draft.value.length;
    talk.draft.value = talk.draft.value.slice(0, at) + symbol + talk.draft.value.slice(el?.selectionEnd ?? at);
    setEmoji(false);
    el?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      talk.send();
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      if (emoji) setEmoji(false);
      else call.show('chat');
    }
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        talk.send();
        field.current?.focus();
      }}
    >
      {to !== null && (
        <div class="composer__to">
          <Icon name="lock" size={14} />
          <bdi>{w.writeTo(to)}</bdi>
          <button type="button" class="tool tool--plain" aria-label={w.toAll} onClick={() => (talk.to.value = null)}>
            <Icon name="close" size={14} />
          </button>
        </div>
      )}
      {emoji && (
        <div class="composer__emoji" role="group" aria-label={w.emoji}>
          {EMOJI.map((symbol) => (
            <button key={symbol} type="button" data-testid="chat-emoji-item" onClick={() => insert(symbol)}>
              {symbol}
            </button>
          ))}
        </div>
      )}
      <div class="composer__row">
        <button type="button" class="tool tool--plain" data-testid="chat-emoji" aria-label={w.emoji} aria-expanded={emoji} onClick={() => setEmoji(!emoji)}>
          <Icon name="smile" size={20} />
        </button>
        <textarea
          ref={field}
          class="composer__field"
          data-testid="chat-input"
          rows={1}
          dir="auto"
          aria-label={to === null ? w.write : w.writeTo(to)}
          placeholder={to === null ? w.write : w.writeTo(to)}
          value={talk.draft.value}
          onInput={(event) => (talk.draft.value = event.currentTarget.value)}
          onKeyDown={onKeyDown}
          enterkeyhint="send"
        />
        <button type="submit" class="composer__send" data-testid="chat-send" disabled={!talk.draft.value.trim()}>
          {w.send}
        </button>
      </div>
    </form>
  );
}

/** Within this many pixels of the end, the end is followed. */
const NEAR_END = 80;

export function Chat({ call }: { call: Call }) {
  const w = words.value.chat;
  const blocks = call.talk.blocks.value;
  const list = useRef<HTMLUListElement>(null);
  const atEnd = useRef(true);
  const [below, setBelow] = useState(false);
  const toEnd = () => {
    const el = list.current;
    if (el) el.scrollTop = el.scrollHeight;
    setBelow(false);
  };
  useLayoutEffect(() => {
    if (atEnd.current || call.talk.messages.value.at(-1)?.own) toEnd();
    else setBelow(true);
  }, [blocks]);
  const onScroll = () => {
    const el = list.current;
    if (!el) return;
    atEnd.current = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR_END;
    if (atEnd.current) setBelow(false);
  };
  return (
    <Panel call={call} title={w.title} testid="chat-panel">
      <ul ref={list} class="chat" aria-label={w.messages} tabIndex={0} onScroll={onScroll}>
        {blocks.length === 0 && <li class="chat__empty">{w.empty}</li>}
        {blocks.map((block) => (block.kind === 'line' ? <Line key={block.key} block={block} /> : <Messages key={block.key} block={block} />))}
      </ul>
      {below && (
        <button type="button" class="chat__below" onClick={toEnd}>
          {w.newBelow}
        </button>
      )}
      <Composer call={call} />
    </Panel>
  );
}
