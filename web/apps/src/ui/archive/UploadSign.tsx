import { words } from '../../i18n';
import type { Recording } from '../../model/archive/types';
import { Icon } from '../Icon';

const ICONS = { waiting: 'cloudUp', uploading: 'cloudUp', uploaded: 'cloud', failed: 'cloudAlert' } as const;

/** Whether it is in the bucket, in a sign and a word. */
export function UploadSign({ recording: { upload } }: { recording: Recording }) {
  const w = words.value.archive.upload;
  if (!upload) return null;
  const { state, progress } = upload;
  const percent = state === 'uploading' ? Math.round(progress * 100) : undefined;
  return (
    <span class="upload" data-testid="upload" data-upload={state} data-progress={percent}>
      <Icon name={ICONS[state]} size={15} />
      {w[state]}
      {percent !== undefined && <span class="upload__percent">{percent} %</span>}
    </span>
  );
}
