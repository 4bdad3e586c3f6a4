import { words } from '../i18n';
import type { Call } from '../model/call';
import { Icon } from './Icon';
import type { IconName } from './icons';

interface MenuProps {
  id: string;
  label: string;
  icon: IconName;
  devices: readonly MediaDeviceInfo[];
  value: string;
  onChoose: (deviceId: string) => void;
}

function Menu({ id, label, icon, devices, value, onChoose }: MenuProps) {
  // Until the person allows a device, browsers hide the names: a menu of nothing helps nobody.
  const named = devices.filter((device) => device.label);
  return (
    <label class="device">
      <Icon name={icon} size={18} />
      <span class="visually-hidden">{label}</span>
      <select data-testid={id} disabled={named.length === 0} value={named.some((d) => d.deviceId === value) ? value : ''} onChange={(event) => onChoose(event.currentTarget.value)}>
        {named.length === 0 && <option value="">{label}</option>}
        {named.length > 0 && !named.some((d) => d.deviceId === value) && <option value="">{words.value.lobby.system}</option>}
        {named.map((device) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label}
          </option>
        ))}
      </select>
    </label>
  );
}

export function DeviceMenus({ call }: { call: Call }) {
  const w = words.value.lobby;
  const { media, own } = call;
  const { cameras, microphones, speakers } = media.devices.value;
  // Reading the tracks keeps the menus in step with what is really open.
  const using = { microphone: media.microphone.value, camera: media.camera.value };
  return (
    <div class="devices">
      <Menu id="lobby-mic-select" label={w.microphone} icon="mic" devices={microphones} value={using.microphone ? media.chosen('microphone') : ''} onChoose={(id) => void own.choose('microphone', id)} />
      <Menu id="lobby-camera-select" label={w.camera} icon="camera" devices={cameras} value={using.camera ? media.chosen('camera') : ''} onChoose={(id) => void own.choose('camera', id)} />
      {speakers.length > 0 && <Menu id="lobby-speaker-select" label={w.speaker} icon="speaker" devices={speakers} value={media.speaker.value} onChoose={(id) => media.remember('speaker', id)} />}
    </div>
  );
}
