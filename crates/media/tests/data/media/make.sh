#!/bin/sh
# Makes the fixtures of this folder: a second of test picture and tone for each
# codec, as elementary stream and, packetized by FFmpeg, as RTP.
#
# NAME.ivf, vp8.rtp ...: an .rtp file is RTP packets, each behind its length in
# two bytes. Needs ffmpeg (5.1 with libx264, libvpx, libaom, libopus) and python3.
set -eu
cd "$(dirname "$0")"
picture="-f lavfi -i testsrc=size=160x120:rate=10 -t 2 -pix_fmt yuv420p -threads 1"

ffmpeg -v error -y $picture -c:v libvpx -g 10 -b:v 100k -f ivf vp8.ivf
ffmpeg -v error -y $picture -c:v libvpx-vp9 -g 10 -b:v 100k -lag-in-frames 0 -f ivf vp9.ivf
ffmpeg -v error -y $picture -c:v libaom-av1 -g 10 -b:v 100k -usage realtime -cpu-used 8 -lag-in-frames 0 -f ivf av1.ivf
ffmpeg -v error -y $picture -c:v libx264 -profile:v baseline -tune zerolatency -preset veryfast -g 10 -b:v 100k \
    -x264-params slices=2:repeat-headers=1 -bsf:v filter_units=remove_types=6 -f h264 h264.h264
ffmpeg -v error -y -f lavfi -i sine=frequency=440:sample_rate=48000 -t 1 -c:a libopus -b:a 24k -f ogg opus.ogg

rtp() { # NAME INPUT MTU: what ffmpeg sends over loopback, as it comes in
    python3 - "$@" <<'PY'
import socket, subprocess, sys
name, source, mtu = sys.argv[1:]
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
receiver.bind(("127.0.0.1", 0))
port = receiver.getsockname()[1]
sender = subprocess.run(["ffmpeg", "-v", "error", "-i", source, "-c", "copy", "-strict", "experimental",
    "-f", "rtp", f"rtp://127.0.0.1:{port}?pkt_size={mtu}"], stdout=subprocess.DEVNULL)
sender.check_returncode()
receiver.setblocking(False)
with open(f"{name}.rtp", "wb") as out:
    while True:
        try:
            packet = receiver.recv(65536)
        except BlockingIOError:
            break
        out.write(len(packet).to_bytes(2, "big") + packet)
PY
}
rtp vp8 vp8.ivf 500
rtp vp9 vp9.ivf 500
rtp h264 h264.h264 500
rtp opus opus.ogg 500
