#!/bin/sh
# Makes tests/fixtures/audio: one synthetic signal in every format that is read, and what FFmpeg (Opus: opusdec, the
# reference decoder) makes of it, as raw little-endian samples. Run by hand: needs ffmpeg 5.1, opus-tools 0.2, Python.
#
# NAME.s16 holds 16-bit integers, NAME.f32 floats, interleaved. Files named after the same reference must give it.
set -eu
out=$(cd "$(dirname "$0")/.." && pwd)/fixtures/audio
mkdir -p "$out"
cd "$out"
rm -f ./*
ff() { ffmpeg -v error -y -bitexact "$@"; }
reference() { ff -i "$1" -f f32le -c:a pcm_f32le "$2.f32"; }

# 0.15 s at 16 kHz: a click, a decaying burst of noise and a falling tone, as in a cough. Seeded, 16 bits, no dither.
python3 - <<'PY'
import math, random, struct, wave
random.seed(20200413)
def write(name, rate, seconds, channels):
    frames = []
    for n in range(round(rate * seconds)):
        t = n / rate
        burst = random.uniform(-1, 1) * math.exp(-25 * t) * min(1, t / 0.005)
        tone = math.sin(2 * math.pi * (700 * t - 1500 * t * t)) * math.exp(-8 * t)
        left, right = 0.45 * burst + 0.4 * tone, 0.3 * tone - 0.2 * burst
        frames += [round(32767 * side) for side in (left, right)[:channels]]
    with wave.open(name, "wb") as out:
        out.setnchannels(channels), out.setsampwidth(2), out.setframerate(rate)
        out.writeframes(struct.pack(f"<{len(frames)}h", *frames))
    open(name.replace(".wav", ".s16"), "wb").write(struct.pack(f"<{len(frames)}h", *frames))
write("mono.wav", 16000, 0.15, 1)
write("stereo.wav", 16000, 0.15, 2)
write("voice48k.wav", 48000, 0.15, 1)
write("voice48k_stereo.wav", 48000, 0.1, 2)
PY
rm voice48k.s16 voice48k_stereo.s16

# Lossless: all of these hold mono.s16 exactly.
for coding in pcm_s24le pcm_s32le pcm_f32le pcm_f64le; do ff -i mono.wav -c:a $coding "mono_$coding.wav"; done
ff -i mono.wav -frame_size 256 mono.flac
ff -i mono.wav -c:a flac -frame_size 256 mono_flac.ogg
ff -i mono.wav -c:a alac mono_alac.m4a
ff -i mono.wav mono.aiff
ff -i mono.wav mono.caf
ff -i stereo.wav -frame_size 256 stereo.flac

# Lossy, each with FFmpeg's own decoding.
for coding in pcm_u8 pcm_alaw pcm_mulaw adpcm_ms adpcm_ima_wav; do
    ff -i mono.wav -c:a $coding "$coding.wav"
    reference "$coding.wav" $coding
done
ff -i mono.wav -c:a libmp3lame -b:a 32k mp3.mp3 && reference mp3.mp3 mp3
ff -i mono.wav -c:a libvorbis -q:a 3 vorbis.ogg && reference vorbis.ogg vorbis
ff -i mono.wav -c:a libvorbis -q:a 3 vorbis.webm
ff -i mono.wav -c:a aac -b:a 48k aac.m4a && reference aac.m4a aac
ff -i aac.m4a -c copy -movflags +faststart aac_faststart.m4a
ff -i aac.m4a -c copy adts.aac && reference adts.aac adts

# Opus: opusdec is the reference, without its dither.
opusenc --quiet --bitrate 24 --serial 1 voice48k.wav opus.ogg
opusenc --quiet --bitrate 48 --serial 2 voice48k_stereo.wav opus_stereo.ogg
ff -i opus.ogg -c copy opus.webm
ff -i opus.ogg -c copy -f webm -live 1 opus_live.webm
ff -i opus.ogg -c copy opus.mp4
cat opus.ogg opus_stereo.ogg > opus_other_chained.ogg
python3 - <<'PY'
# The same with a header gain of -6 dB: opusenc cannot set one. The page's checksum covers it.
page = bytearray(open("opus.ogg", "rb").read())
length = 27 + page[26] + sum(page[27:27 + page[26]])
head = page.index(b"OpusHead")
page[head + 16:head + 18] = (-6 * 256).to_bytes(2, "little", signed=True)
page[22:26] = bytes(4)
crc = 0
for byte in page[:length]:
    crc ^= byte << 24
    for _ in range(8):
        crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
page[22:26] = crc.to_bytes(4, "little")
open("opus_gain.ogg", "wb").write(page)
PY
for name in opus opus_stereo opus_gain; do opusdec --quiet --no-dither --rate 48000 $name.ogg - > $name.s16; done
rm voice48k.wav voice48k_stereo.wav

# What is not read, and must be named.
ff -f lavfi -i "anullsrc=channel_layout=5.1:sample_rate=48000:duration=0.05" -c:a libopus -b:a 64k opus_surround.ogg
ff -i mono.wav -c:a wmav2 -b:a 32k wma.wma
ls -l
