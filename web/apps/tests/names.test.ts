import { describe, expect, it } from 'vitest';
import { anotherName, cleanLogin, hue, monogram, roomFrom, roomName } from '../src/model/names';
import { appConfig, inviteLink } from '../src/model/app';
import { browserOf, troubleOf } from '../src/model/advice';
import { actionFor } from '../src/model/keys';

describe('names', () => {
  it('of rooms are three friendly words that an address takes unchanged', () => {
    for (let i = 0; i < 200; i++) {
      const name = roomName();
      expect(name).toMatch(/^[a-z]+-[a-z]+-[a-z]+$/);
      expect(encodeURIComponent(name)).toBe(name);
    }
  });

  it('become one or two letters', () => {
    const cases: [string, string][] = [
      ['Ann', 'A'], ['Ann Marie Lee', 'AL'], ['юрий', 'Ю'], ['李小龙', '李'], ['jean-luc', 'JL'], ['<b>', 'B'], ['🦊', '🦊'], ['', '?'], ['Анна Сергеевна', 'АС'],
    ];
    for (const [name, letters] of cases) expect(monogram(name), name).toBe(letters);
  });

  it('have a colour that is theirs and never red', () => {
    expect(hue('Ann')).toBe(hue('Ann'));
    for (const name of ['a', 'b', 'Юрий', '李', 'x'.repeat(99)]) {
      expect(hue(name)).toBeGreaterThanOrEqual(55);
      expect(hue(name)).toBeLessThan(345);
    }
  });

  it('lose the characters by which one could pass for another', () => {
    expect(cleanLogin('  An\u202en\u200b  Lee\n')).toBe('Ann Lee');
    expect([...cleanLogin('🦊'.repeat(100))].length).toBe(64);
  });

  it('that are taken have a free neighbour', () => {
    expect(anotherName('Ann')).toBe('Ann 2');
    expect(anotherName('Ann 2')).toBe('Ann 3');
  });
});

describe('links', () => {
  const place = { origin: 'https://v.example', pathname: '/conference' };

  it('carry the room, however it is written', () => {
    const link = inviteLink('утро & чай/?', place);
    expect(new URL(link).searchParams.get('roomName')).toBe('утро & чай/?');
  });

  it('pasted into the landing field lead to their room and door', () => {
    expect(roomFrom('https://v.example/video-chat?roomName=a%20b', place.origin)).toEqual({ path: '/video-chat', room: 'a b' });
    expect(roomFrom('https://other.example/x?room=c', place.origin)).toEqual({ path: null, room: 'c' });
    expect(roomFrom(' just a name ', place.origin)).toEqual({ path: null, room: 'just a name' });
  });

  it('of an unknown page open the conference', () => {
    expect(appConfig('constructor-of-nothing').name).toBe('conference');
    expect(appConfig('video-chat').capacity).toBe(2);
  });
});

describe('devices', () => {
  it('one trouble is told, the gravest, for both where both have it', () => {
    expect(troubleOf({ microphone: 'on', camera: 'on' })).toBeNull();
    expect(troubleOf({ microphone: 'denied', camera: 'denied' })).toEqual({ reason: 'denied', what: 'both' });
    expect(troubleOf({ microphone: 'missing', camera: 'denied' })).toEqual({ reason: 'denied', what: 'camera' });
    expect(troubleOf({ microphone: 'off', camera: 'missing' })).toEqual({ reason: 'missing', what: 'camera' });
  });

  it('the advice knows the browser', () => {
    expect(browserOf('Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/156.0 Safari/537.36')).toBe('chromium');
    expect(browserOf('Mozilla/5.0 (iPhone; CPU) AppleWebKit CriOS/156 Safari')).toBe('ios');
    expect(browserOf('Mozilla/5.0 (Macintosh) AppleWebKit/605 Version/19 Safari/605')).toBe('safari');
    expect(browserOf('Mozilla/5.0 (X11; rv:153.0) Gecko Firefox/153.0')).toBe('firefox');
  });
});

describe('keys', () => {
  const key = (code: string, more = {}) => ({ code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });
  it('work with Ctrl and with ⌘, and leave letters alone', () => {
    expect(actionFor(key('KeyD', { ctrlKey: true }), true)).toBe('microphone');
    expect(actionFor(key('KeyE', { metaKey: true }), false)).toBe('camera');
    expect(actionFor(key('KeyC', { ctrlKey: true, altKey: true }), false)).toBe('chat');
    expect(actionFor(key('KeyC', { ctrlKey: true, altKey: true }), true)).toBeNull();
    expect(actionFor(key('KeyD'), false)).toBeNull();
    expect(actionFor(key('KeyC', { ctrlKey: true }), false)).toBeNull();
  });
});
