/** Pictures of people who do not exist, drawn and moving, as a camera would give them. */

interface Look {
  wall: [string, string];
  skin: string;
  hair: string;
  shirt: string;
  long: boolean;
}

const LOOKS: Look[] = [
  { wall: ['#c9b79b', '#8f7a5d'], skin: '#e2b38f', hair: '#3a2a20', shirt: '#36586b', long: true },
  { wall: ['#8fa8a3', '#4f6a66'], skin: '#8c5a3c', hair: '#17110d', shirt: '#e4d7bf', long: false },
  { wall: ['#d7cfc4', '#a39584'], skin: '#f0c7a8', hair: '#b3804a', shirt: '#7b3f3a', long: true },
  { wall: ['#5d6f86', '#2f3d50'], skin: '#d9a577', hair: '#22201f', shirt: '#c5c9c4', long: false },
  { wall: ['#b8c4a2', '#75855f'], skin: '#c98e66', hair: '#59402c', shirt: '#2b3a33', long: true },
  { wall: ['#9c8aa5', '#5e4f68'], skin: '#f3d2ba', hair: '#8a8580', shirt: '#d9a441', long: false },
];

function draw(c: CanvasRenderingContext2D, look: Look, width: number, height: number, time: number, seed: number): void {
  const wall = c.createLinearGradient(0, 0, width, height);
  wall.addColorStop(0, look.wall[0]);
  wall.addColorStop(1, look.wall[1]);
  c.fillStyle = wall;
  c.fillRect(0, 0, width, height);
  // A window, out of focus.
  c.save();
  c.filter = `blur(${width / 60}px)`;
  c.fillStyle = 'rgba(255,248,228,.55)';
  c.fillRect(width * (0.08 + (seed % 3) * 0.27), height * 0.08, width * 0.2, height * 0.42);
  c.fillStyle = 'rgba(20,30,25,.25)';
  c.fillRect(width * (0.72 - (seed % 2) * 0.6), height * 0.52, width * 0.24, height * 0.5);
  c.restore();

  const u = Math.min(width, height);
  const x = width / 2 + Math.sin(time / 1400 + seed) * u * 0.012;
  const y = height * 0.47 + Math.cos(time / 1100 + seed * 2) * u * 0.008;
  const r = u * 0.19;
  c.fillStyle = look.hair;
  if (look.long) {
    c.beginPath();
    c.ellipse(x, y + r * 0.55, r * 1.32, r * 1.95, 0, 0, 7);
    c.fill();
  }
  c.fillStyle = look.shirt;
  c.beginPath();
  c.ellipse(x, y + r * 3.5, r * 2.5, r * 1.95, 0, 0, 7);
  c.fill();
  c.fillStyle = look.skin;
  c.fillRect(x - r * 0.42, y + r * 0.7, r * 0.84, r * 1.1);
  c.beginPath();
  c.ellipse(x, y, r, r * 1.24, 0, 0, 7);
  c.fill();
  c.fillStyle = look.hair;
  c.beginPath();
  c.ellipse(x, y - r * 0.62, r * 1.06, r * 0.82, 0, Math.PI, 2 * Math.PI);
  c.ellipse(x + r * 0.25, y - r * 0.55, r * 0.8, r * 0.34, 0.15, 0, Math.PI);
  c.fill();
  c.fillStyle = 'rgba(30,16,10,.75)';
  for (const side of [-1, 1]) {
    c.beginPath();
    c.ellipse(x + side * r * 0.38, y + r * 0.1, r * 0.085, r * 0.1, 0, 0, 7);
    c.fill();
  }
  c.strokeStyle = 'rgba(80,30,22,.7)';
  c.lineWidth = r * 0.07;
  c.lineCap = 'round';
  c.beginPath();
  c.arc(x, y + r * 0.38, r * 0.34, 0.35, Math.PI - 0.35);
  c.stroke();
}

export function person(seed: number, width = 640, height = 480): MediaStream {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d')!;
  const look = LOOKS[seed % LOOKS.length]!;
  const frame = () => draw(context, look, width, height, performance.now(), seed);
  frame();
  setInterval(frame, 100);
  return canvas.captureStream(10);
}

/** A shared screen: something with edges, so that cropping would show. */
export function screen(): MediaStream {
  const canvas = document.createElement('canvas');
  canvas.width = 1600;
  canvas.height = 1000;
  const c = canvas.getContext('2d')!;
  const frame = () => {
    c.fillStyle = '#f7f8f6';
    c.fillRect(0, 0, 1600, 1000);
    c.fillStyle = '#20352d';
    c.fillRect(0, 0, 1600, 64);
    c.fillStyle = '#fff';
    c.font = '600 26px sans-serif';
    c.fillText('Bridge over the river: second draft', 40, 42);
    c.fillStyle = '#dfe6e1';
    c.fillRect(0, 64, 280, 936);
    c.fillStyle = '#8aa097';
    for (let i = 0; i < 9; i++) c.fillRect(36, 112 + i * 56, 120 + ((i * 53) % 90), 14);
    c.strokeStyle = '#2f6f5c';
    c.lineWidth = 6;
    c.beginPath();
    c.moveTo(340, 720);
    c.bezierCurveTo(620, 320, 1160, 320, 1520, 720);
    c.stroke();
    for (let i = 0; i < 15; i++) {
      const x = 380 + i * 78;
      c.beginPath();
      c.moveTo(x, 720);
      c.lineTo(x, 720 - Math.sin(((x - 340) / 1180) * Math.PI) * 292);
      c.stroke();
    }
    c.fillStyle = '#c9d6cf';
    c.fillRect(320, 720, 1240, 22);
    c.fillStyle = '#9fb9d0';
    c.fillRect(320, 830 + Math.sin(performance.now() / 900) * 4, 1240, 130);
    c.fillStyle = '#20352d';
    c.font = '500 30px sans-serif';
    c.fillText('span 118 m', 860, 790);
  };
  frame();
  setInterval(frame, 200);
  return canvas.captureStream(5);
}

const stills = new Map<number, string>();

/** One picture of somebody, as the address of a thumbnail. */
export function still(seed: number): string {
  let address = stills.get(seed);
  if (!address) {
    const canvas = document.createElement('canvas');
    canvas.width = 320;
    canvas.height = 180;
    draw(canvas.getContext('2d')!, LOOKS[seed % LOOKS.length]!, 320, 180, 0, seed);
    stills.set(seed, (address = canvas.toDataURL('image/jpeg')));
  }
  return address;
}

/** A second of somebody, as a film's address. */
export function film(): Promise<string> {
  const recorder = new MediaRecorder(person(0, 960, 540));
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  recorder.start();
  setTimeout(() => recorder.stop(), 700);
  return new Promise((done) => (recorder.onstop = () => done(URL.createObjectURL(new Blob(parts)))));
}
