import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { enArchive } from '../src/i18n/en-archive';
import { ruArchive } from '../src/i18n/ru-archive';
import { refusalText } from '../src/model/archive/refusal';
import { ArchiveError, ODD_ANSWER, type Trouble } from '../src/model/archive/types';

const text = (code: string | null, message = '', trouble: Trouble = 'server') => refusalText(new ArchiveError(trouble, message, code), ruArchive);

describe('a refusal', () => {
  it('is said in the words of the page', () => {
    expect(text('recording_in_use', 'the recording is in use: it is being mixed')).toEqual({ own: ruArchive.refusals.recording_in_use, server: null });
    expect(text(ODD_ANSWER, 'the answer is not a recording')).toEqual({ own: ruArchive.refusals.odd_answer, server: null });
  });

  it('of a kind that the page does not know is the server’s own sentence', () => {
    for (const code of ['new_in_2030', 'constructor', null]) expect(text(code, 'no room left')).toEqual({ own: ruArchive.toast.refused, server: 'no room left' });
  });

  it('without a word is a failure', () => {
    expect(text(null)).toEqual({ own: ruArchive.toast.failed, server: null });
  });

  it('by the browser is told from one by the server', () => {
    expect(text(null, 'Failed to fetch', 'offline')).toEqual({ own: ruArchive.door.offline, server: null });
  });

  it('has words for every code of the archive', () => {
    const source = readFileSync(new URL('../../../crates/api/src/archive/refusal.rs', import.meta.url), 'utf8');
    const codes = [...source.matchAll(/"([a-z]+(?:_[a-z]+)+|internal)"/g)].map(([, code]) => code!);
    expect(codes).toContain('recording_not_found');
    for (const code of codes) expect(Object.keys(enArchive.refusals), code).toContain(code);
  });
});
