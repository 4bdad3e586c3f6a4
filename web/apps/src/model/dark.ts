/**
 * A picture of nothing, in place of a camera that is off: the camera itself is
 * let go and its light goes out, while a browser that joins meanwhile still gets
 * the frames without which it would not begin to play the sound.
 */
const FRAME_MS = 500;

export interface Dark {
  track: MediaStreamTrack;
  end(): void;
}

export function dark(): Dark | null {
  const canvas = document.createElement('canvas');
  canvas.width = 320;
  canvas.height = 180;
  const context = canvas.getContext('2d');
  if (!context || !canvas.captureStream) return null;
  const draw = () => context.fillRect(0, 0, canvas.width, canvas.height);
  draw();
  const [track] = canvas.captureStream(2).getVideoTracks();
  if (!track) return null;
  const timer = setInterval(draw, FRAME_MS);
  return {
    track,
    end() {
      clearInterval(timer);
      track.stop();
    },
  };
}
