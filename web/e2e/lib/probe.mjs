// Runs inside the page, before its own scripts: notes what the page does and
// looks and listens on the judge's behalf. It changes nothing that the page
// can notice, and knows no page of ours.

export function installProbe() {
  if (window.__probe) return;
  const now = () => performance.timeOrigin + performance.now();
  const probe = { pcs: [], sockets: [], sent: [], received: [], frames: [], errors: [], screenTracks: [] };
  Object.defineProperty(window, '__probe', { value: probe });

  addEventListener('error', (event) => probe.errors.push(String(event.message)));
  addEventListener('unhandledrejection', (event) =>
    probe.errors.push(`unhandled rejection: ${event.reason?.message ?? event.reason}`));

  // --- signalling and connections, for times and for getStats ---
  const note = (list, text) => {
    let message = null;
    let detail = null;
    try {
      const frame = JSON.parse(text);
      message = frame.message;
      const arg = Array.isArray(frame.data) ? frame.data[0] : null;
      detail = arg && typeof arg === 'object'
        ? { command: arg.payload?.command, name: arg.payload?.name ?? arg.name, status: arg.status, id: arg.mediaSessionId, info: arg.info, type: arg.type, reason: arg.reason, resumed: arg.veche?.resumed }
        : arg;
    } catch { /* not JSON: not ours to judge here */ }
    if (message && message !== 'ping' && message !== 'pong' && !/boundVideoRate/.test(message)) list.push({ t: now(), message, ...(detail && typeof detail === 'object' ? detail : {}) });
    if (list.length > 5000) list.splice(0, 1000);
  };
  const RealSocket = window.WebSocket;
  window.WebSocket = new Proxy(RealSocket, {
    construct(target, args) {
      const socket = new target(...args);
      probe.sockets.push(socket);
      socket.addEventListener('message', (event) => typeof event.data === 'string' && note(probe.received, event.data));
      const send = socket.send.bind(socket);
      socket.send = (data) => {
        if (typeof data === 'string') note(probe.sent, data);
        return send(data);
      };
      return socket;
    },
  });
  const remote = new WeakSet();
  if (window.RTCPeerConnection) {
    window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
      construct(target, args) {
        const pc = new target(...args);
        probe.pcs.push(pc);
        pc.addEventListener('track', (event) => remote.add(event.track));
        return pc;
      },
    });
  }
  const devices = navigator.mediaDevices;
  if (devices?.getDisplayMedia) {
    const real = devices.getDisplayMedia.bind(devices);
    devices.getDisplayMedia = async (options) => {
      const stream = await real(options);
      probe.screenTracks.push(...stream.getTracks());
      return stream;
    };
  }

  // --- first pictures ---
  const slot = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'srcObject');
  Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', {
    ...slot,
    set(stream) {
      slot.set.call(this, stream);
      if (!stream || !(this instanceof HTMLVideoElement) || !this.requestVideoFrameCallback) return;
      this.requestVideoFrameCallback(() =>
        probe.frames.push({ t: now(), remote: stream.getVideoTracks().some((track) => remote.has(track)) }));
    },
  });

  // --- the finger ---
  let aim = null;
  /** The next press of a button is meant for what `selector` says. */
  probe.watchPress = (selector) => {
    aim = selector;
    probe.pressedElsewhere = null;
  };
  addEventListener('pointerdown', ({ target, isTrusted }) => {
    if (!aim || !isTrusted || !(target instanceof Element)) return;
    if (!target.closest(aim) && !target.querySelector(aim)) probe.pressedElsewhere = target.outerHTML.slice(0, 120);
    aim = null;
  }, true);

  // --- eyes ---
  const find = (where) => {
    const all = [...document.querySelectorAll(where)].flatMap((el) =>
      el instanceof HTMLVideoElement || el instanceof HTMLAudioElement ? [el] : [...el.querySelectorAll('video')]);
    return all.filter((el, i) => all.indexOf(el) === i);
  };
  const canvas = document.createElement('canvas');
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  /** What the first playing video under `where` shows now; null without one. */
  probe.look = (where) => {
    const video = find(where).find((el) => el.videoWidth > 2);
    if (!video) return null;
    canvas.width = 64;
    canvas.height = 48;
    pen.drawImage(video, 0, 0, 64, 48);
    const { data } = pen.getImageData(0, 0, 64, 48);
    const mean = (x0, x1, y0, y1) => {
      const sum = [0, 0, 0];
      let n = 0;
      for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++, n++) for (let c = 0; c < 3; c++) sum[c] += data[(y * 64 + x) * 4 + c];
      return sum.map((v) => v / n);
    };
    let deviation = 0;
    const all = mean(0, 64, 0, 48);
    for (let i = 0; i < data.length; i += 4) deviation += Math.abs(data[i] - all[0]) + Math.abs(data[i + 1] - all[1]) + Math.abs(data[i + 2] - all[2]);
    // The bar: the brightest row of the right half, and by how much.
    const rows = [];
    for (let y = 0; y < 48; y++) rows.push(mean(42, 62, y, y + 1).reduce((a, b) => a + b) / 3);
    const top = rows.indexOf(Math.max(...rows));
    return {
      width: video.videoWidth, height: video.videoHeight, time: video.currentTime, paused: video.paused,
      left: mean(4, 26, 6, 42), all, deviation: deviation / (64 * 48 * 3),
      bar: top / 48, contrast: rows[top] - Math.min(...rows),
    };
  };

  // --- ears ---
  const FFT = 8192;
  let context;
  /** Loudest level of each bin within `ms`, by the page's own audio graph. */
  const loudest = async (stream, ms) => {
    const source = context.createMediaStreamSource(stream);
    const analyser = context.createAnalyser();
    analyser.fftSize = FFT;
    analyser.smoothingTimeConstant = 0;
    source.connect(analyser);
    const bins = new Float32Array(analyser.frequencyBinCount).fill(-200);
    const slice = new Float32Array(analyser.frequencyBinCount);
    const end = performance.now() + ms;
    while (performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      analyser.getFloatFrequencyData(slice);
      for (let i = 0; i < bins.length; i++) if (slice[i] > bins[i]) bins[i] = slice[i];
    }
    source.disconnect();
    return { bins, rate: context.sampleRate };
  };
  /** The same through a recording: Firefox without a sound card starts no AudioContext. */
  const loudestRecorded = async (stream, ms) => {
    const recorder = new MediaRecorder(new MediaStream(stream.getAudioTracks()));
    const parts = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
    recorder.start();
    await new Promise((resolve) => setTimeout(resolve, ms));
    recorder.stop();
    await stopped;
    const bins = new Float32Array(FFT / 2).fill(-200);
    const encoded = await new Blob(parts).arrayBuffer();
    if (!encoded.byteLength) return { bins, rate: 48_000 };
    const audio = await new OfflineAudioContext(1, 48_000, 48_000).decodeAudioData(encoded);
    const samples = audio.getChannelData(0);
    for (let at = 0; at + FFT <= samples.length; at += 2400) {
      const re = new Float64Array(FFT);
      const im = new Float64Array(FFT);
      for (let i = 0; i < FFT; i++) {
        const x = (2 * Math.PI * i) / FFT;
        re[i] = samples[at + i] * (0.42 - 0.5 * Math.cos(x) + 0.08 * Math.cos(2 * x));
      }
      for (let i = 1, j = 0; i < FFT; i++) {
        let bit = FFT >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) [re[i], re[j]] = [re[j], re[i]];
      }
      for (let size = 2; size <= FFT; size *= 2) {
        for (let k = 0; k < size / 2; k++) {
          const c = Math.cos((-2 * Math.PI * k) / size);
          const s = Math.sin((-2 * Math.PI * k) / size);
          for (let i = k; i < FFT; i += size) {
            const o = i + size / 2;
            const tr = re[o] * c - im[o] * s;
            const ti = re[o] * s + im[o] * c;
            re[o] = re[i] - tr;
            im[o] = im[i] - ti;
            re[i] += tr;
            im[i] += ti;
          }
        }
      }
      for (let i = 0; i < bins.length; i++) bins[i] = Math.max(bins[i], 20 * Math.log10(Math.hypot(re[i], im[i]) / FFT + 1e-10));
    }
    return { bins, rate: audio.sampleRate };
  };
  /** Loudest spectrum under `where` within `ms`: level at each of `tones`, floor, peak. */
  probe.listen = async (where, tones, ms) => {
    const stream = find(where).map((el) => el.srcObject).find((s) => s?.getAudioTracks().length);
    if (!stream) return null;
    context ??= new AudioContext();
    if (context.state !== 'running') await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, 1000))]);
    const { bins, rate } = await (context.state === 'running' ? loudest(stream, ms) : loudestRecorded(stream, ms));
    const hz = rate / FFT;
    const at = (f) => Math.max(...bins.slice(Math.round(f / hz) - 2, Math.round(f / hz) + 3));
    const low = Math.round(200 / hz);
    const band = [...bins.slice(low, Math.round(4000 / hz))];
    const floor = Math.max(-120, [...band].sort((a, b) => a - b)[Math.floor(band.length / 2)]);
    const peak = (low + band.indexOf(Math.max(...band))) * hz;
    return { levels: tones.map(at), floor, peak, peakLevel: Math.max(...band) };
  };

  // --- what the connections say about themselves ---
  probe.pairs = async () => {
    const found = [];
    for (const pc of probe.pcs) {
      if (pc.connectionState === 'closed') continue;
      const report = await pc.getStats();
      for (const pair of report.values()) {
        if (pair.type !== 'candidate-pair' || pair.state !== 'succeeded' || pair.nominated === false) continue;
        const local = report.get(pair.localCandidateId);
        const other = report.get(pair.remoteCandidateId);
        found.push({ state: pc.connectionState, protocol: other?.protocol ?? local?.protocol, local: local?.protocol, address: other?.address, port: other?.port, bytes: pair.bytesSent + pair.bytesReceived });
      }
    }
    return found;
  };
  probe.inbound = async () => {
    const found = [];
    for (const pc of probe.pcs) {
      if (pc.connectionState === 'closed') continue;
      for (const stat of (await pc.getStats()).values()) {
        if (stat.type === 'inbound-rtp' && stat.kind === 'video') found.push({ frames: stat.framesDecoded, width: stat.frameWidth, height: stat.frameHeight, keyFrames: stat.keyFramesDecoded, freezes: stat.freezeCount, freezeTime: stat.totalFreezesDuration, lost: stat.packetsLost, pli: stat.pliCount });
      }
    }
    return found;
  };
}
