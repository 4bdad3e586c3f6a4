import { useEffect, useRef } from 'preact/hooks';
import type { RemoteStream } from '@veche/sdk';

type SinkElement = HTMLMediaElement & { setSinkId?: (id: string) => Promise<void> };

function speakThrough(element: SinkElement | null, speaker: string): void {
  // A speaker that is gone leaves the sound where it was.
  if (element?.setSinkId && speaker) element.setSinkId(speaker).catch(() => undefined);
}

/** Somebody else's picture and sound. */
export function RemoteVideo({ stream, speaker, hidden }: { stream: RemoteStream; speaker: string; hidden: boolean }) {
  const element = useRef<HTMLVideoElement>(null);
  const { media } = stream;
  useEffect(() => (element.current ? stream.attach(element.current) : undefined), [stream, media]);
  useEffect(() => speakThrough(element.current, speaker), [speaker]);
  return <video ref={element} class="tile__video" data-hidden={hidden} autoplay playsInline disablePictureInPicture={false} />;
}

/** The voice of somebody for whom there is no room on the stage. */
export function RemoteAudio({ stream, speaker }: { stream: RemoteStream; speaker: string }) {
  const element = useRef<HTMLAudioElement>(null);
  const { media } = stream;
  useEffect(() => (element.current ? stream.attach(element.current) : undefined), [stream, media]);
  useEffect(() => speakThrough(element.current, speaker), [speaker]);
  return <audio ref={element} autoplay />;
}

/** Own picture: never heard, mirrored where it is a face. */
export function OwnVideo({ media, hidden, testid }: { media: MediaStream; hidden: boolean; testid?: string }) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const el = element.current;
    if (!el) return;
    el.muted = true;
    if (el.srcObject !== media) el.srcObject = media;
    // Playing may be refused while the page is hidden; autoplay resumes it.
    el.play().catch(() => undefined);
  }, [media]);
  return <video ref={element} class="tile__video" data-hidden={hidden} data-testid={testid} autoplay playsInline muted />;
}
