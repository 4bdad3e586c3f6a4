/** What the browser remembers for this person. Works, forgetting, where storage is refused. */
const KEYS = {
  name: 'veche.name',
  camera: 'veche.camera',
  microphone: 'veche.microphone',
  speaker: 'veche.speaker',
  cameraOn: 'veche.cameraOn',
  microphoneOn: 'veche.microphoneOn',
  theme: 'veche.theme',
  lang: 'veche.lang',
} as const;

const memory = new Map<string, string>();

export const prefs = {
  get(key: keyof typeof KEYS): string | null {
    try {
      return localStorage.getItem(KEYS[key]);
    } catch {
      return memory.get(key) ?? null;
    }
  },
  set(key: keyof typeof KEYS, value: string): void {
    try {
      localStorage.setItem(KEYS[key], value);
    } catch {
      memory.set(key, value);
    }
  },
};
