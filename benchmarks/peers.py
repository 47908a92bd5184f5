"""Vigie's receiver beside other decoders, on the same simulated recordings in the same run.

    python benchmarks/peers.py --dec406 PATH/dec406 --jbirby PATH/scripts/sgb_decode.py --sarsat FOLDER
    python benchmarks/peers.py --dec406 PATH/dec406 --cn0 30 50 60 --bursts 200 --sgb-bursts 0 --plot peers.png

A decoder that is not given, or not there, is left out and a line says so. None of them is part of this project:

--dec406     the program of moricef/Decode_sarsat_406_v1g_v2g (C, ``make dec406``). It wants the audio of an FM
             receiver. Here: a channel of --fm Hz, a discriminator scaled as rtl_fm's, and the filters that its scripts
             ask of sox (low-pass 3000 Hz, high-pass 10 Hz, each of second order). Frames that it flags as bad are not
             held against it.
--gr-cospas  the Python that has the GNU Radio module of moricef/gr-cospas (cmake, make install). Its blocks, joined
             as in its scanner, get 40,000 complex samples a second, all recordings of a level in one stream. Set in
             favour of it: half a second of noise ahead, on which it sets its threshold, 0.3 times the peak (its scripts
             have 0.05 and 0.5); a channel of --gr-width Hz; carriers 3 kHz off, for it locks on none within 10 Hz of
             the centre; bursts of amplitude 0.01, for below 0.02 it lets the most noise pass. Its detector looks at
             changes of amplitude and loses most bursts in noise; so a second row, ``told``, gets each burst cut out,
             from 5 ms before it to 5 ms after, with silence around. It corrects no bits; frames that it flags as bad
             are not held against it.
--sarsat     the folder of noonafter/sarsat (MATLAB), run by --octave. Its T001.m and T018.m are simulations: what they
             do to their received samples is read from them and done to ours, up to the error correction, which MATLAB
             has and Octave has not: those bits are corrected here, by the algebraic decoder. The clock starts there.
--jbirby     ``scripts/sgb_decode.py`` of jbirby/COSPAS-SARSAT-Second-Generation-Beacon-Codec. It knows nothing of
             acquisition, so it is TOLD the time, carrier, phase and chip rate, and gets two samples a chip.

right   share of bursts of which the exact message came out (bits 25 and on; all 250 of the second generation)
wrong   messages given as good that were not sent, counted apart
CPU     seconds a burst, of one process a recording with its start, but for Vigie and Octave, which stay up, and for
        gr-cospas: one process a level, with its start
ideal   a receiver that knows carrier, clock and place, with hard decisions
First-generation bursts are those of fgb_receive.py, long ones, drawn at --rate and resampled for each. Those of the
second are of sgb_bursts.py, normal sequence, within --sgb-reach Hz, without Doppler rate.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, firwin, resample_poly, sosfilt

import fgb_receive
import sgb_bursts
import sgb_receive
from vigie.message.bch import BCH1, BCH2, BCH_SGB
from vigie.signal import sgb

Complex = NDArray[np.complex64]


@dataclass(frozen=True)
class Said:
    """A message that a decoder gave: of the first generation its bits from 25 on, else all 250."""

    bits: str
    believed: bool = True


@dataclass(frozen=True)
class Given:
    """One recording, and what is true of it."""

    iq: Complex
    rate_hz: float
    amplitude: float
    """of the burst"""
    bits: str
    """as a decoder ought to give them"""
    truth: fgb_receive.Sent | sgb_bursts.Truth


Peer = Callable[[list[Given], Path], tuple[list[list[Said]], float]]
"""Recordings and a folder to work in: what was said of each, and the CPU seconds spent."""


@dataclass
class Row:
    """One receiver at one level."""

    receiver: str
    condition: str
    cn0_dbhz: float
    bursts: int
    ideal: float
    right: float
    wrong: int
    cpu_s: float


def resampled(given: Given, rate_hz: float) -> Complex:
    """The recording at another rate, low-passed."""
    ratio = Fraction(rate_hz / given.rate_hz).limit_denominator(1000)
    iq: Complex = resample_poly(given.iq, ratio.numerator, ratio.denominator).astype(np.complex64)
    return iq


def write_wav(path: Path, channels: NDArray[np.float64], rate_hz: float) -> None:
    """16 bits a sample; channels (n,) or (n, 2), full scale 32767."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if channels.ndim == 1 else channels.shape[1])
        file.setsampwidth(2)
        file.setframerate(round(rate_hz))
        file.writeframes(np.clip(np.rint(channels), -32768, 32767).astype("<i2").tobytes())


def run(command: list[str], limit_s: float) -> tuple[str, float]:
    """What a program printed, and its CPU seconds. One that crashes or hangs has said what it printed until then."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(command, capture_output=True, timeout=limit_s, check=False)
        out, ended = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        out, ended = late.stdout or b"", -9
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended < 0:
        print(f"{Path(command[0]).name}: ended by signal {-ended}", file=sys.stderr)
    return out.decode(errors="replace"), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def as_bits(digits: str) -> str:
    """Hexadecimal digits as bits."""
    return format(int(digits, 16), f"0{4 * len(digits)}b")


def dec406(program: str, fm_hz: float) -> Peer:
    """The decoder of FM audio."""
    filters = [butter(2, 3000, "lowpass", fs=fm_hz, output="sos"), butter(2, 10, "highpass", fs=fm_hz, output="sos")]

    def listen(recordings: list[Given], folder: Path) -> tuple[list[list[Said]], float]:
        heard, cpu_s = [], 0.0
        for given in recordings:
            iq = resampled(given, fm_hz)
            audio = np.angle(iq[1:] * iq[:-1].conj()) / np.pi * 2**14
            for each in filters:
                audio = sosfilt(each, audio)
            write_wav(folder / "audio.wav", audio, fm_hz)
            text, spent_s = run([program, str(folder / "audio.wav")], 60)
            cpu_s += spent_s
            frames = re.split(r"(?=Hexadecimal content: )", text)[1:]
            found = [(re.match(r"Hexadecimal content: ([0-9A-Fa-f]+)", frame), frame) for frame in frames]
            heard.append([Said(as_bits(hit[1]), "CRC ERROR" not in frame) for hit, frame in found if hit])
        return heard, cpu_s

    return listen


_GNU_RADIO = """
import sys
from gnuradio import blocks, cospas, gr
graph, rate_hz = gr.top_block(), 40000
detector = cospas.cospas_burst_detector(rate_hz, 2000, 0.3, 200, False)
router = cospas.burst_router(rate_hz, False)
demodulator = cospas.cospas_sarsat_demodulator(rate_hz, False)
graph.connect(blocks.file_source(gr.sizeof_gr_complex, sys.argv[1], False), detector, router)
for output in (0, 1):
    graph.connect((router, output), blocks.null_sink(gr.sizeof_gr_complex))
graph.msg_connect(detector, "bursts", router, "bursts")
graph.msg_connect(router, "bursts_1g", demodulator, "bursts")
graph.run()
"""


def gr_cospas(python: str, width_hz: float, told: bool) -> Peer:
    """The GNU Radio chain, on all recordings one after another; told: with silence around each burst."""
    rate_hz = 40_000
    channel = firwin(129, width_hz / 2, fs=rate_hz)

    def listen(recordings: list[Given], folder: Path) -> tuple[list[list[Said]], float]:
        pieces: list[Complex] = []
        for given in recordings:
            iq = np.convolve(resampled(given, rate_hz), channel * (0.01 / given.amplitude), "same")
            iq = (iq * np.exp(2j * np.pi * 3000 / rate_hz * np.arange(len(iq)))).astype(np.complex64)
            if told:
                assert isinstance(given.truth, fgb_receive.Sent)
                first, last = (round((given.truth.start_s + after_s) * rate_hz) for after_s in (-0.005, 0.525))
                iq = np.pad(iq[first:last], (0, round(0.3 * rate_hz)))
            if not pieces:
                pieces = [np.tile(iq[-round(0.2 * rate_hz) :], 3)]
            pieces.append(iq)
        np.concatenate(pieces).tofile(folder / "samples.iq")
        text, cpu_s = run([python, "-c", _GNU_RADIO, str(folder / "samples.iq")], 60 + 10.0 * len(recordings))
        frames = re.split(r"(?=\[COSPAS\] HEX: )", text)[1:]
        found = [(re.match(r"\[COSPAS\] HEX: ([0-9A-F]+)", frame), frame) for frame in frames]
        # it prints the 24 bits of the synchronisation too, and no time: what was sent belongs to its recording
        sent = {given.bits: number for number, given in enumerate(recordings)}
        heard: list[list[Said]] = [[] for _ in recordings]
        for hit, frame in found:
            if hit:
                bits = as_bits(hit[1])[24:]
                heard[sent.get(bits, 0)].append(Said(bits, "CRC ERROR" not in frame))
        return heard, cpu_s

    return listen


_OCTAVE_HELP = """
function y = downsample(x, n, phase)
  if nargin < 3, phase = 0; end
  y = x(1 + phase:n:end);
end
function h = rcosdesign(beta, span, sps)
  t = (-span * sps / 2:span * sps / 2) / sps;
  h = zeros(size(t));
  for k = 1:numel(t)
    if t(k) == 0
      h(k) = 1 - beta + 4 * beta / pi;
    elseif abs(abs(4 * beta * t(k)) - 1) < 1e-9
      h(k) = beta / sqrt(2) * ((1 + 2 / pi) * sin(pi / 4 / beta) + (1 - 2 / pi) * cos(pi / 4 / beta));
    else
      h(k) = (sin(pi * t(k) * (1 - beta)) + 4 * beta * t(k) * cos(pi * t(k) * (1 + beta))) ...
             / (pi * t(k) * (1 - (4 * beta * t(k))^2));
    end
  end
  h = h / sqrt(sum(h.^2));
end
"""
_OCTAVE_LOOP = """
warning('off', 'all');
more off;
addpath('{folder}');
{settings}
vigie_began = cputime();
for vigie_index = 1:{count}
  vigie_file = fopen(sprintf('{work}/%d.iq', vigie_index), 'rb');
  vigie_raw = fread(vigie_file, [2, Inf], 'single=>double');
  fclose(vigie_file);
  {samples} = complex(vigie_raw(1, :), vigie_raw(2, :));
  try
    {receiver}
    printf('bits %d %s\\n', vigie_index, char(48 + ({soft} > 0)));
  catch vigie_error
    printf('failed %d %s\\n', vigie_index, vigie_error.message);
  end
end
printf('cpu %g\\n', cputime() - vigie_began);
"""


def sarsat(folder: Path, octave: str, second: bool) -> Peer:
    """The MATLAB receivers, of the first generation or the second."""
    source = (folder / ("T018.m" if second else "T001.m")).read_text("ascii", "ignore")
    match = re.search(r"^(%% Parameters.*?)^for idx_snr.*?(^%% -+ Rx -.*?)^% BCH deco", source, re.S | re.M | re.I)
    if match is None:
        raise ValueError("its simulation is not laid out as expected")
    settings, receiver = match.groups()
    rate_hz = 153_600 if second else 38_400

    def listen(recordings: list[Given], work: Path) -> tuple[list[list[Said]], float]:
        for number, given in enumerate(recordings, 1):
            (resampled(given, rate_hz) * np.float32(0.1 / given.amplitude)).tofile(work / f"{number}.iq")
        loop = _OCTAVE_LOOP.format(
            folder=folder.resolve(), settings=settings, receiver=receiver, work=work, count=len(recordings),
            samples="rx_cplx" if second else "data_channeled", soft="demo_info" if second else "demo_soft_info",
        )  # fmt: skip
        (work / "driver.m").write_text("1;\n" + _OCTAVE_HELP + loop)
        text, _ = run([octave, "--no-gui", "--norc", "--quiet", str(work / "driver.m")], 60.0 * len(recordings))
        for line in re.findall(r"^failed .*", text, re.M):
            print(f"sarsat: {line}", file=sys.stderr)
        told = re.search(r"^cpu (\S+)", text, re.M)
        if told is None:
            raise ValueError("Octave did not get through its simulation")
        heard: list[list[Said]] = [[] for _ in recordings]
        for number, bits in re.findall(r"^bits (\d+) ([01]+)", text, re.M):
            corrected = correct_sgb(bits) if second else correct_fgb(bits.ljust(144, "0"))
            heard[int(number) - 1] = [Said(corrected)] if corrected else []
        return heard, float(told[1])

    return listen


def correct_fgb(bits: str) -> str | None:
    """Bits 25 to 112 or 144 with what their codes correct; None where there is more to correct than they can."""
    first = BCH1.correct(int(bits[24:106], 2))
    second = BCH2.correct(int(bits[106:144], 2)) if bits[24] == "1" else (int(bits[106:112], 2), 0)
    if first is None or second is None:
        return None
    return f"{first[0]:082b}" + (f"{second[0]:038b}" if bits[24] == "1" else f"{second[0]:06b}")


def correct_sgb(bits: str) -> str | None:
    """250 bits with up to six corrected."""
    corrected = BCH_SGB.correct(int(bits, 2))
    return None if corrected is None else f"{corrected[0]:0250b}"


def aligned(given: Given, rate_hz: float, pulse: sgb.Pulse) -> Complex:
    """The burst from its first chip on, with carrier, phase and chip rate as the receiver would like them."""
    truth = given.truth
    assert isinstance(truth, sgb_bursts.Truth)
    chip_rate_hz = 19_200 / (truth.middle_s - truth.start_s)
    still = given.iq * np.exp(-2j * np.pi * truth.frequency_hz * np.arange(len(given.iq)) / given.rate_hz)
    known = sgb.modulate(
        given.bits,
        given.rate_hz,
        sgb.Modulation(pulse=pulse, chip_rate_hz=chip_rate_hz),
        start_s=truth.start_s,
        duration_s=len(still) / given.rate_hz,
    )
    still *= np.exp(-1j * np.angle(np.vdot(known, still)))
    ratio = Fraction(rate_hz / given.rate_hz).limit_denominator(1000)
    fine = resample_poly(still, ratio.numerator, ratio.denominator)
    fine = resample_poly(fine, 16, 1)
    times_s = truth.start_s + np.arange(round(1.01 * rate_hz)) / rate_hz * (sgb.CHIP_RATE_HZ / chip_rate_hz)
    first_on: Complex = np.interp(times_s * 16 * rate_hz, np.arange(len(fine)), fine).astype(np.complex64)
    return first_on


def jbirby(script: str, pulse: sgb.Pulse) -> Peer:
    """The codec of the second generation, with everything known beforehand."""
    rate_hz = 2 * sgb.CHIP_RATE_HZ

    def listen(recordings: list[Given], folder: Path) -> tuple[list[list[Said]], float]:
        heard, cpu_s = [], 0.0
        for given in recordings:
            iq = aligned(given, rate_hz, pulse)
            level = 32_767 / max(np.abs(iq.real).max(), np.abs(iq.imag).max())
            write_wav(folder / "burst.wav", np.stack([iq.real, iq.imag], 1) * level, rate_hz)
            text, spent_s = run([sys.executable, script, "--wav", str(folder / "burst.wav"), "--json"], 60)
            cpu_s += spent_s
            try:
                told = json.loads(text)
                heard.append([Said(as_bits(told["full_bits_hex"])[:250])] if told["bch_ok"] else [])
            except (ValueError, KeyError):  # it fails on fields that it cannot interpret
                heard.append([])
        return heard, cpu_s

    return listen


def score(name: str, peer: Peer, recordings: list[Given]) -> tuple[float, int, float]:
    """Share right, messages wrong, CPU seconds a burst."""
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        heard, cpu_s = peer(recordings, Path(folder))
    right = wrong = 0
    for given, messages in zip(recordings, heard, strict=True):
        right += any(said.bits == given.bits for said in messages)
        wrong += sum(said.believed and said.bits != given.bits for said in messages)
    return right / len(recordings), wrong, cpu_s / len(recordings)


def first_generation(options: argparse.Namespace, peers: dict[str, Peer]) -> Iterator[Row]:
    """Vigie and the peers on first-generation bursts."""
    warm = np.random.default_rng(0)
    fgb_receive.count(fgb_receive.Score(), fgb_receive.send(warm, "clean", 50.0, options.rate, True))
    for condition in options.conditions.split(","):
        for cn0_dbhz in options.cn0:
            seed = [options.seed, fgb_receive.CONDITIONS.index(condition), round(cn0_dbhz * 100)]
            rng = np.random.default_rng(seed)
            sent = [fgb_receive.send(rng, condition, cn0_dbhz, options.rate, True) for _ in range(options.bursts)]
            ours = fgb_receive.Score()
            for one in sent:
                fgb_receive.count(ours, one)
            about = (f"FGB {condition}", cn0_dbhz, len(sent), fgb_receive.ideal(cn0_dbhz, True))
            yield Row("vigie", *about, ours.read / len(sent), ours.wrong, ours.cpu_s / len(sent))
            amplitude = 10 ** (cn0_dbhz / 20)
            recordings = [Given(one.block.iq, options.rate, amplitude, one.bits[24:], one) for one in sent]
            for name, peer in peers.items():
                yield Row(name, *about, *score(name, peer, recordings))


def second_generation(options: argparse.Namespace, peers: dict[str, Peer]) -> Iterator[Row]:
    """Vigie and the peers on second-generation bursts."""
    rate_hz = sgb_bursts.RATE_HZ
    for cn0_dbhz in options.sgb_cn0:
        rng = np.random.default_rng([options.seed, round(cn0_dbhz * 100)])
        recordings = []
        ours = sgb_receive.Tally(cn0_dbhz)
        for _ in range(options.sgb_bursts):
            iq, truth = sgb_bursts.burst(rng, cn0_dbhz, options.sgb_reach, 0.0, options.pulse, False, only="normal")
            sgb_receive.one_burst(ours, iq, truth, options.sgb_reach)
            recordings.append(Given(iq, rate_hz, 1.0, f"{truth.word:0250b}", truth))
        count = len(recordings)
        about = (f"SGB {options.pulse}", cn0_dbhz, count, sgb_bursts.ideal(cn0_dbhz))
        yield Row("vigie", *about, ours.soft_right / count, ours.soft_wrong, (ours.cpu_s + ours.soft_cpu_s) / count)
        for name, peer in peers.items():
            yield Row(name, *about, *score(name, peer, recordings))


def present(options: argparse.Namespace) -> tuple[dict[str, Peer], dict[str, Peer]]:
    """The peers that are there, of the first generation and of the second; a line on each that is not."""
    first: dict[str, Peer] = {}
    second: dict[str, Peer] = {}
    for option, path in (
        ("--dec406", options.dec406),
        ("--gr-cospas", options.gr_cospas),
        ("--sarsat", options.sarsat),
        ("--jbirby", options.jbirby),
    ):
        name = option[2:]
        octave = shutil.which(options.octave)
        try:
            if path is None:
                raise ValueError(f"not given ({option})")
            if not path.exists():
                raise ValueError(f"{path} is not there")
            if name == "dec406":
                program = shutil.which(path.resolve())
                if program is None:
                    raise ValueError(f"{path} is not a program")
                first[name] = dec406(str(program), options.fm)
            elif name == "gr-cospas":
                probe = [str(path), "-c", "from gnuradio import cospas"]
                if subprocess.run(probe, capture_output=True, check=False).returncode:
                    raise ValueError(f"{path} has no module gnuradio.cospas")
                for told in (False, True):
                    first[f"{name} (told)" if told else name] = gr_cospas(str(path), options.gr_width, told)
            elif name == "sarsat":
                if octave is None:
                    raise ValueError(f"{options.octave} is not there to run it (--octave)")
                first[name], second[name] = sarsat(path, octave, False), sarsat(path, octave, True)
            else:
                second[f"{name} (told)"] = jbirby(str(path), options.pulse)
        except (ValueError, OSError) as problem:
            print(f"{name}: skipped, {problem}", file=sys.stderr, flush=True)
    return first, second


def plot(rows: list[Row], path: str, seed: int) -> None:
    """The share right against C/N0, a panel a condition, with theory."""
    try:
        from matplotlib import pyplot
    except ImportError:
        raise SystemExit("--plot needs matplotlib, which is not installed") from None
    conditions = list(dict.fromkeys(row.condition for row in rows))
    colours = {name: f"C{number}" for number, name in enumerate(dict.fromkeys(row.receiver for row in rows))}
    figure, panels = pyplot.subplots(1, len(conditions), figsize=(6.4 * len(conditions), 4.8), squeeze=False)
    for condition, panel in zip(conditions, panels[0], strict=True):
        of_it = [row for row in rows if row.condition == condition]
        for name in dict.fromkeys(row.receiver for row in of_it):
            part = sorted((row for row in of_it if row.receiver == name), key=lambda row: row.cn0_dbhz)
            share = np.array([row.right for row in part])
            spread = 2 * np.sqrt(np.maximum(share * (1 - share), 1e-9) / np.array([row.bursts for row in part]))
            levels = [row.cn0_dbhz for row in part]
            panel.errorbar(levels, share, spread, color=colours[name], marker="o", capsize=2, label=name)
        rng = np.random.default_rng(seed)
        second = condition.startswith("SGB")
        levels = np.arange(24.0 if second else 26.0, 35.01, 0.5).tolist()
        hard = [sgb_bursts.ideal(level) if second else fgb_receive.ideal(level, True) for level in levels]
        panel.plot(levels, hard, "k--", label="ideal, hard decisions")
        known = sgb_receive.ideal_soft if second else fgb_receive.ideal_soft
        believed = [known(level, 100, rng)[1] for level in levels]
        panel.plot(levels, believed, "k-", linewidth=0.8, label="ideal, soft decisions, believed")
        panel.set(title=condition, xlabel="C/N0, dB-Hz", ylabel="exact messages", ylim=(-0.03, 1.03))
        panel.grid(alpha=0.3)
        panel.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("dec406", "gr-cospas", "sarsat", "jbirby"):
        parser.add_argument(f"--{name}", type=Path, metavar="PATH")
    parser.add_argument("--gr-width", type=float, default=13_000.0, help="of gr-cospas's channel, Hz")
    parser.add_argument("--octave", default="octave-cli", metavar="PROGRAM", help="runs --sarsat")
    parser.add_argument("--cn0", type=float, nargs="+", default=[30, 34, 42, 50, 60], help="of FGB, dB-Hz")
    parser.add_argument("--conditions", default="static", help=f"of FGB: {', '.join(fgb_receive.CONDITIONS)}")
    parser.add_argument("--bursts", type=int, default=20, help="FGB a level; 0: none")
    parser.add_argument("--rate", type=float, default=48_000.0, help="sample rate of FGB recordings, Hz")
    parser.add_argument("--fm", type=float, default=24_000.0, help="width of dec406's FM channel, Hz")
    parser.add_argument("--sgb-cn0", type=float, nargs="+", default=[28, 32, 46], help="of SGB, dB-Hz")
    parser.add_argument("--sgb-bursts", type=int, default=10, help="SGB a level; 0: none")
    parser.add_argument("--sgb-reach", type=float, default=1200.0, help="SGB carriers are this far away at most, Hz")
    parser.add_argument("--pulse", choices=sgb.PULSES, default="half_sine", help="of SGB chips")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--json", action="store_true", help="one object a row")
    parser.add_argument("--plot", metavar="FILE", help="curves with theory")
    options = parser.parse_args()
    for name in options.conditions.split(","):
        if name not in fgb_receive.CONDITIONS:
            parser.error(f"--conditions {name}: it must be among {', '.join(fgb_receive.CONDITIONS)}")
    return options


def main() -> None:
    """Run what the arguments ask for."""
    options = arguments()
    first, second = present(options)
    rows: list[Row] = []
    if not options.json:
        print("receiver         signal           C/N0 bursts  ideal  right wrong   CPU s")
    for kind, peers, count in (
        (first_generation, first, options.bursts),
        (second_generation, second, options.sgb_bursts),
    ):
        for row in kind(options, peers) if count else ():
            rows.append(row)
            told: dict[str, Any] = asdict(row)
            print(
                json.dumps(told)
                if options.json
                else "{receiver:16} {condition:14} {cn0_dbhz:6.1f} {bursts:6d} {ideal:6.3f} {right:6.3f} {wrong:5d}"
                " {cpu_s:7.3f}".format(**told),
                flush=True,
            )
    if options.plot and rows:
        plot(rows, options.plot, options.seed)


if __name__ == "__main__":
    main()
