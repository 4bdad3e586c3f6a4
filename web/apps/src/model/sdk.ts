/** The part of the SDK that the apps use, as a value: the gallery puts another in its place. */
import type * as Sdk from '@veche/sdk';

export type Veche = Pick<
  typeof Sdk,
  'connect' | 'listDevices' | 'onDevicesChanged' | 'openMedia' | 'createLevelMeter' | 'checkSupport'
>;

/** The stable reason of whatever was thrown. */
export function reasonOf(error: unknown): Sdk.Reason {
  const reason = (error as { reason?: unknown } | null)?.reason;
  return typeof reason === 'string' ? (reason as Sdk.Reason) : 'server';
}
