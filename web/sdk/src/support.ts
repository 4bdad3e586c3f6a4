/** What this browser lacks. */

/** Whether this browser can take part; `missing` names what it cannot do. */
export function checkSupport(): { ok: boolean; missing: string[] } {
  const g = globalThis as typeof globalThis & { RTCPeerConnection?: typeof RTCPeerConnection };
  const missing: string[] = [];
  if (!g.WebSocket) missing.push('WebSocket');
  if (!g.RTCPeerConnection?.prototype?.addTransceiver) missing.push('WebRTC');
  else if (!g.RTCRtpSender?.prototype?.replaceTrack) missing.push('replaceTrack');
  if (g.isSecureContext === false) missing.push('HTTPS');
  else if (!g.navigator?.mediaDevices?.getUserMedia) missing.push('camera and microphone');
  // One can take part without a camera, so only what makes receiving impossible is fatal.
  return { ok: !missing.includes('WebSocket') && !missing.includes('WebRTC'), missing };
}
