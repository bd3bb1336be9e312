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
# As browsers record: no table of the whole file, but one for each stretch.
ff -i aac.m4a -c copy -movflags frag_keyframe+delay_moov aac_fragmented.m4a
ff -i aac.m4a -c copy adts.aac && reference adts.aac adts

# Opus: opusdec is the reference, without its dither.
opusenc --quiet --bitrate 24 --serial 1 voice48k.wav opus.ogg
opusenc --quiet --bitrate 48 --serial 2 voice48k_stereo.wav opus_stereo.ogg
ff -i opus.ogg -c copy opus.webm
ff -i opus.ogg -c copy -f webm -live 1 opus_live.webm
ff -i opus.ogg -c copy opus.mp4
ff -i opus.ogg -c copy -movflags frag_keyframe+delay_moov opus_fragmented.mp4
cat opus.ogg opus_stereo.ogg > opus_other_chained.ogg
# One packet a page, as in a file that can be cut off or lose a page.
opusenc --quiet --bitrate 24 --serial 1 --max-delay 20 voice48k.wav opus_pages.ogg
python3 - <<'PY'
# Headers that opusenc cannot write: a gain, a pre-skip and an end trim of several packets. A page's checksum covers it.
def seal(page):
    page[22:26] = bytes(4)
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    page[22:26] = crc.to_bytes(4, "little")
    return page
def rewrite(name, pre_skip=312, gain_db=0, end=7200 + 312):
    rest, pages = bytearray(open("opus.ogg", "rb").read()), []
    while rest:
        length = 27 + rest[26] + sum(rest[27:27 + rest[26]])
        pages.append(rest[:length])
        rest = rest[length:]
    head = pages[0].index(b"OpusHead")
    pages[0][head + 10:head + 12] = pre_skip.to_bytes(2, "little")
    pages[0][head + 16:head + 18] = (gain_db * 256).to_bytes(2, "little", signed=True)
    pages[-1][6:14] = end.to_bytes(8, "little")
    open(name, "wb").write(b"".join(map(seal, pages)))
rewrite("opus_gain.ogg", gain_db=-6)
rewrite("opus_pre_skip.ogg", pre_skip=3840)
rewrite("opus_end_trim.ogg", end=7200 + 312 - 2500)
PY
for name in opus opus_stereo opus_gain opus_pre_skip opus_end_trim; do
    opusdec --quiet --no-dither --rate 48000 $name.ogg - > $name.s16
done
rm voice48k.wav voice48k_stereo.wav

# What is not read, and must be named.
ff -f lavfi -i "anullsrc=channel_layout=5.1:sample_rate=48000:duration=0.05" -c:a libopus -b:a 64k opus_surround.ogg
for kind in webm mp4; do ff -i opus_surround.ogg -c copy opus_surround.$kind; done
ff -f lavfi -i "anullsrc=channel_layout=5.1:sample_rate=48000:duration=0.05" -c:a aac -b:a 64k aac_surround.m4a
ff -i aac_surround.m4a -c copy adts_surround.aac
ff -i mono.wav -c:a wmav2 -b:a 32k wma.wma
ls -l
