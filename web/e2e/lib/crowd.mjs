// People for pictures: drawn faces instead of cameras, and a page full of
// guests that only publish, so that a room of eight costs one tab.

/** In the page: draws person number `n` at second `t`. Also used by the viewer's own camera. */
export function installFaces() {
  const palettes = [
    { wall: ['#7aa6c2', '#c9dfe8'], skin: '#f0c8a4', hair: '#4a2f22', shirt: '#2f5d62' },
    { wall: ['#d8b48a', '#f3e3c9'], skin: '#d9a074', hair: '#1d1a1a', shirt: '#7b2d26' },
    { wall: ['#8fae8b', '#dfe9d6'], skin: '#8d5a3b', hair: '#14100e', shirt: '#e0a83a' },
    { wall: ['#b7a1c9', '#e8dff0'], skin: '#f4d3bd', hair: '#b5562a', shirt: '#3b3f72' },
    { wall: ['#c98f8f', '#f1dada'], skin: '#e3b48f', hair: '#6b6b70', shirt: '#41574b' },
    { wall: ['#6f8f9e', '#b9cdd4'], skin: '#a8714a', hair: '#2a1b14', shirt: '#d9d4c5' },
    { wall: ['#a3a07a', '#e6e3c7'], skin: '#f2cdb0', hair: '#c9a24a', shirt: '#8a3c5a' },
    { wall: ['#7d86a8', '#cfd5e8'], skin: '#6b4028', hair: '#0f0d0c', shirt: '#4f8a8b' },
  ];
  window.drawFace = (pen, width, height, n, t) => {
    const p = palettes[n % palettes.length];
    const wall = pen.createLinearGradient(0, 0, width, height);
    wall.addColorStop(0, p.wall[1]);
    wall.addColorStop(1, p.wall[0]);
    pen.fillStyle = wall;
    pen.fillRect(0, 0, width, height);
    // A window or a shelf behind.
    pen.fillStyle = 'rgba(255,255,255,0.28)';
    if (n % 2) pen.fillRect(width * 0.06, height * 0.1, width * 0.2, height * 0.42);
    else { pen.fillRect(width * 0.7, height * 0.22, width * 0.26, height * 0.025); pen.fillRect(width * 0.7, height * 0.4, width * 0.26, height * 0.025); }
    const sway = Math.sin(t * 0.9 + n) * width * 0.012;
    const nod = Math.sin(t * 1.7 + n * 2) * height * 0.006;
    const x = width / 2 + sway;
    const y = height * 0.46 + nod;
    const r = height * 0.19;
    const blob = (cx, cy, rx, ry, colour) => {
      pen.fillStyle = colour;
      pen.beginPath();
      pen.ellipse(cx, cy, rx, ry, 0, 0, 7);
      pen.fill();
    };
    if (n % 3 === 0) blob(x, y + r * 0.5, r * 1.15, r * 1.5, p.hair);
    blob(width / 2 + sway * 0.5, height * 1.02, r * 2.1, r * 1.75, p.shirt);
    pen.fillStyle = p.skin;
    pen.fillRect(x - r * 0.36, y + r * 0.6, r * 0.72, r * 0.9);
    blob(x, y - r * 0.25, r * 1.02, r * 1.05, p.hair);
    blob(x, y + r * 0.12, r * 0.86, r * 1.05, p.skin);
    pen.fillStyle = p.hair;
    pen.beginPath();
    pen.ellipse(x, y - r * 0.62, r * 0.92, r * 0.48, 0, Math.PI, 0);
    pen.fill();
    const blink = (t + n) % 4 < 0.12 ? 0.1 : 1;
    for (const side of [-1, 1]) {
      blob(x + side * r * 0.34, y + r * 0.02, r * 0.085, r * 0.1 * blink, '#2b2220');
      pen.strokeStyle = p.hair;
      pen.lineWidth = r * 0.06;
      pen.beginPath();
      pen.arc(x + side * r * 0.34, y - r * 0.08, r * 0.2, Math.PI * 1.2, Math.PI * 1.8);
      pen.stroke();
    }
    pen.strokeStyle = 'rgba(90,30,30,0.75)';
    pen.beginPath();
    pen.arc(x, y + r * 0.42, r * 0.3, 0.25, Math.PI - 0.25);
    pen.stroke();
  };
  window.faceStream = (n, width = 640, height = 360, fps = 12) => {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const pen = canvas.getContext('2d');
    const begin = performance.now();
    const draw = () => window.drawFace(pen, width, height, n, (performance.now() - begin) / 1000);
    draw();
    setInterval(draw, 1000 / fps);
    const stream = canvas.captureStream(fps);
    // A microphone that is open in a quiet room.
    window.silence ??= new AudioContext();
    for (const track of window.silence.createMediaStreamDestination().stream.getAudioTracks()) stream.addTrack(track);
    return stream;
  };
}

/** In the page: the camera is face number 0; the microphone stays the browser's. */
export function faceAsCamera() {
  const devices = navigator.mediaDevices;
  const real = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    if (!constraints?.video) return real(constraints);
    const stream = window.faceStream(0);
    for (const track of stream.getAudioTracks()) stream.removeTrack(track);
    if (constraints.audio) for (const track of (await real({ audio: constraints.audio })).getAudioTracks()) stream.addTrack(track);
    return stream;
  };
}

/** Brings guests of these names into the room, from the SDK's page in `tab`. */
export async function seat(tab, url, room, names) {
  await tab.eval(async ([address, roomName, logins]) => {
    window.guests ??= {};
    for (const login of logins) {
      const client = await window.sdk.connect({ url: address, login, resumeStorage: null });
      const joined = await client.join(roomName);
      const stream = window.faceStream(Object.keys(window.guests).length + 1);
      const publication = await joined.publish(stream);
      window.guests[login] = { client, room: joined, publication };
    }
  }, [url, room, names]);
}
