/** One media element bound to what a remote stream receives, whatever the browser thinks of autoplay. */

const GESTURES = ['pointerdown', 'keydown', 'touchend'] as const;

export class Playback {
  readonly #el: HTMLMediaElement;
  readonly #onResize: (width: number, height: number) => void;
  /** The page wanted it silent; then no gesture changes that. */
  readonly #silent: boolean;
  #waiting = false;
  #over = false;

  constructor(el: HTMLMediaElement, onResize: (width: number, height: number) => void) {
    this.#el = el;
    this.#onResize = onResize;
    this.#silent = el.muted;
    el.autoplay = true;
    // iPhones would open the picture full screen otherwise.
    if ('playsInline' in el) el.playsInline = true;
    el.addEventListener('resize', this.#resized);
  }

  show(media: MediaStream | null, volume: number): void {
    const el = this.#el;
    this.volume(volume);
    if (el.srcObject === media) return;
    el.srcObject = media;
    if (media) void this.#play();
  }

  volume(volume: number): void {
    this.#el.volume = volume;
  }

  end(): void {
    this.#over = true;
    this.#listen(false);
    this.#el.removeEventListener('resize', this.#resized);
    this.#el.srcObject = null;
  }

  readonly #resized = (): void => {
    const { videoWidth = 0, videoHeight = 0 } = this.#el as HTMLVideoElement;
    if (videoWidth && videoHeight) this.#onResize(videoWidth, videoHeight);
  };

  async #play(): Promise<void> {
    try {
      await this.#el.play();
    } catch (e) {
      // AbortError: another source came meanwhile. Only a refusal asks for a gesture.
      if (this.#over || (e as Error).name !== 'NotAllowedError') return;
      this.#listen(true);
      if (this.#el.muted) return;
      this.#el.muted = true;
      await this.#el.play().catch(() => undefined);
    }
  }

  readonly #gesture = (): void => {
    this.#listen(false);
    this.#el.muted = this.#silent;
    void this.#play();
  };

  #listen(on: boolean): void {
    if (this.#waiting === on) return;
    this.#waiting = on;
    for (const type of GESTURES) {
      if (on) document.addEventListener(type, this.#gesture, true);
      else document.removeEventListener(type, this.#gesture, true);
    }
  }
}
