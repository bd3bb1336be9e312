"""Golden values of tests/spectrogram.rs: `python3 spectrogram.py` writes the two CSV files beside this script.

- spectrogram_log_mel.csv: levels by librosa (made with 0.11.0, numpy 2.4.6).
- spectrogram_paper.csv: pixels of FFmpeg's showspectrumpic, from a plain numpy simulation in double precision of how its
  generations read samples: 4.2 peeks a whole window from its FIFO and pads zeros, 5.1 reads one step into a window of
  zeros, 7.0 shifts one step into a rolling window. From 5.1 on, the step's buffer keeps its old content at the end.

The signals are made again, sample by sample, in the test.
"""

import math
from pathlib import Path

import librosa
import numpy as np

HERE = Path(__file__).parent
WIDTH, HEIGHT, WINDOW = 1024, 512, 1024


def noise(samples, seed):
    """Knuth's and Lewis' linear congruential generator; the upper 24 bits as -1 to 1."""
    state, values = seed, np.empty(samples)
    for i in range(samples):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = (state >> 8) / 2**23 - 1
    return values


def signal(name, samples, rate, seed=1):
    i = np.arange(samples)
    values = {
        "silence": lambda: np.zeros(samples),
        "dc": lambda: np.full(samples, 0.25),
        "impulse": lambda: (i == samples // 2).astype(float),
        "tone": lambda: 0.5 * np.sin(2 * np.pi * 1000 * seed * i / rate),
        "noise": lambda: 0.5 * noise(samples, seed),
        "burst": lambda: noise(samples, seed) * np.exp(-i / (0.05 * rate)),
    }[name]()
    return values.astype(np.float32)


def log_mel_rows():
    cases = [("tone", 8000), ("noise", 8000), ("burst", 16000), ("dc", 4000), ("impulse", 4000), ("silence", 600)]
    for name, samples in [*cases, ("noise", 1), ("noise", 100), ("noise", 512), ("noise", 513)]:
        power = librosa.feature.melspectrogram(
            y=signal(name, samples, 16000), sr=16000, n_fft=512, hop_length=256, n_mels=64, fmin=50, fmax=8000,
            pad_mode="constant",
        )
        levels = librosa.power_to_db(power, ref=1.0, top_db=None)
        last = levels.shape[1] - 1
        for frame in sorted({0, last // 2, last}):
            yield [name, samples, levels.shape[1], frame, *(f"{level:.4f}" for level in levels[:, frame])]


def windows(x, placement, step, count):
    """The content of each FFT's window, as the generation of FFmpeg fills it."""
    fifo, chunk, rolling = 0, np.zeros(step), np.zeros(WINDOW)
    for _ in range(count):
        if placement == "left":
            seen = x[fifo : fifo + WINDOW]
            content = np.concatenate([seen, np.zeros(WINDOW - len(seen))])
        else:
            fresh = x[fifo : fifo + step]
            chunk[: len(fresh)] = fresh
            rolling = np.concatenate([rolling[step:], chunk])
            content = rolling if placement == "right" else np.concatenate([chunk, np.zeros(WINDOW - step)])
        fifo += step
        yield content


def levels(x, placement):
    """0 to 1, shape [HEIGHT, WIDTH], lowest frequency first."""
    n = len(x)
    step = max(1, int(WINDOW * (n / (WINDOW * WIDTH * math.ceil(n / (WINDOW * WIDTH))))))
    per_column = max(1, n // (step * WIDTH))
    window = 0.5 * (1 - np.cos(2 * np.pi * np.arange(WINDOW) / (WINDOW - 1)))
    spectra = [np.abs(np.fft.fft(w * window)[:HEIGHT]) for w in windows(x, placement, step, per_column * WIDTH)]
    mean = np.array(spectra).reshape(WIDTH, per_column, HEIGHT).mean(axis=1).T / (window**2).sum()
    return np.clip((120 + 20 * np.log10(np.clip(mean, 1e-6, 1))) / 120, 0, 1)


COLOURS = np.array([
    (0, 0, 0, 0),
    (0.13, 0.03587126228984074, 0.1573300977624594, -0.02548747583751842),
    (0.30, 0.1857228179456802, 0.1772436246393981, 0.1747555484041475),
    (0.60, 0.2818498058365613, -0.1593064119945782, 0.4713207454560892),
    (0.73, 0.6583062117554781, -0.3716070802232764, 0.2435275933125293),
    (0.78, 0.763185357582429, -0.4307467689263783, 0.1686649662231043),
    (0.91, 0.9533636363636364, -0.2045454545454546, 0.03313636363636363),
    (1, 1, 0, 0),
])


def pixels(channels, placement):
    """Y, U, V, shape [HEIGHT, WIDTH, 3], highest frequency first."""
    sums = np.zeros((HEIGHT, WIDTH, 3)) + [0, 127.5, 127.5]
    for x in channels:
        a = levels(x, placement)
        for plane in range(3):
            sums[:, :, plane] += np.interp(a, COLOURS[:, 0], COLOURS[:, plane + 1]) * 256 / len(channels)
    return np.rint(np.clip(sums, 0, 255))[::-1]


def paper_rows():
    for samples, count in [(700, 1), (5000, 6), (30000, 1), (88200, 2), (1100000, 1)]:
        channels = []
        for seed in range(1, count + 1):
            burst, tone = (signal(name, samples, 44100, seed) for name in ("burst", "tone"))
            channels.append((burst + tone) * np.float32(0.5))
        for placement in ("right", "left", "zero-pad"):
            picture = pixels([x.astype(float) for x in channels], placement)
            yield [placement, samples, count, "mean", *(f"{value:.4f}" for value in picture.mean(axis=(0, 1)))]
            for column in (0, 1, 340, 1023):
                yield [placement, samples, count, column, *picture[::32, column].astype(int).ravel()]


for name, rows in [("log_mel", log_mel_rows()), ("paper", paper_rows())]:
    lines = "".join(",".join(map(str, row)) + "\n" for row in rows)
    (HERE / f"spectrogram_{name}.csv").write_text(lines)
