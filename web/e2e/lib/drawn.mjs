/**
 * Runs in the page before its scripts: the camera is a drawing, the picture
 * that people.mjs makes for Chromium; the microphone stays. For Firefox, whose
 * own camera has a colour that wanders, partly out of what a screen can show.
 */
export function drawnCamera({ rgb }) {
  const FALLS_MS = 3200;
  const devices = navigator.mediaDevices;
  const real = devices.getUserMedia.bind(devices);
  const draw = () => {
    const [width, height] = [320, 240];
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const pen = canvas.getContext('2d');
    // Without a rate a picture is taken whenever something is drawn.
    const [track] = canvas.captureStream().getVideoTracks();
    setInterval(() => {
      pen.fillStyle = '#111';
      pen.fillRect(0, 0, width, height);
      pen.fillStyle = `rgb(${rgb})`;
      pen.fillRect(0, 0, width / 2, height);
      pen.fillStyle = '#fff';
      pen.fillRect(width / 2, ((performance.now() % FALLS_MS) / FALLS_MS) * (height * 7 / 8), width / 2, height / 8);
    }, 66);
    return track;
  };
  devices.getUserMedia = async (wanted) => {
    const stream = new MediaStream();
    if (wanted?.video) stream.addTrack(draw());
    if (wanted?.audio) stream.addTrack((await real({ audio: wanted.audio })).getAudioTracks()[0]);
    return stream;
  };
}
