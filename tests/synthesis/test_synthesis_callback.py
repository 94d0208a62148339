"""The C callback as PortAudio calls it, the counters' ordering, the rings under a real second thread, memory, the cache."""
import ctypes
import mmap
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numba
import numpy as np
import pytest
from numba import types

import hummingface
from hummingface.compiled import cache_folder, compiled
from hummingface.instrument.synthesis.atomic import load_acquire, store_release
from hummingface.instrument.synthesis.callback import callback_address
from hummingface.instrument.synthesis.producer import claim_hop, claim_start, publish_hop, publish_until, read_clock
from hummingface.instrument.synthesis.state import HOPS, STARTS, STATE_TYPE, new_state, state_dtype
from tests.hostile import unprivileged

CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong,
                            ctypes.c_void_p)


def call(state, frames, *, flags=0, now_s=0.0, output_s=0.0):
    """One block from the real callback, [frames, channels]."""
    times = (ctypes.c_double * 3)(0.0, now_s, output_s)
    out = np.full((frames, int(state["channels"][0])), np.nan, np.float32)
    assert CALLBACK(callback_address())(None, out.ctypes.data, frames, ctypes.addressof(times), flags, state.ctypes.data) == 0
    return out


def some_music(note_input):
    note_input.start(0, 10, [(0.2, 440.0), (0.1, 880.0)], pan=(1.0, 0.25), noise=np.full((9, 2, 64), 1e-6))
    for _ in range(3):
        note_input.hop({0: [(0.2, 440.0), (0.1, 880.0)]}, noise=1e-6, reverb_mix=0.3)


@pytest.mark.parametrize("frames", [16, 64, 100, 441, 2048])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_devices_of_any_width_and_block(make_note_input, channels, frames):
    offline, live = make_note_input(), make_note_input()
    some_music(offline), some_music(live)
    live.state["channels"] = channels
    blocks = 1 + 2048 // frames
    expected = offline.render(blocks * frames)
    out = np.concatenate([call(live.state, frames) for _ in range(blocks)])
    if channels == 1:
        expected = expected.mean(axis=1, keepdims=True)
    assert np.abs(out[:, :2] - expected).max() < 1e-6
    assert not out[:, 2:].any()
    assert live.counter("position") == blocks * frames and live.counter("callbacks") == blocks


def test_what_was_played_can_be_read_back(note_input):
    some_music(note_input)
    out = np.concatenate([call(note_input.state, 300) for _ in range(5)])
    assert np.array_equal(note_input.state["output"][0, :1500], out)
    assert np.all(note_input.state["peak"][0] >= 0.9 * np.abs(out).max(axis=0))


def test_flags_and_times_are_noted(note_input):
    call(note_input.state, 64, flags=0x4, now_s=1.5, output_s=1.75)
    call(note_input.state, 64, flags=0xC, now_s=2.5, output_s=2.75)
    assert (note_input.counter("underflows"), note_input.counter("overflows")) == (2, 1)
    assert read_clock(note_input.state) == (64, 2.5, 2.75)
    assert (note_input.state["callback_us"][0, :2] > 0).all()


def test_wait_mode_waits_for_hops_and_starts_and_only_then(note_input):
    note_input.state["wait"] = 1
    done = threading.Event()

    def audio():
        call(note_input.state, 512)
        done.set()
    thread = threading.Thread(target=audio)
    thread.start()
    note_input.hop()
    publish_until(note_input.state, 512)
    assert not done.wait(0.1)           # hop 1 is missing
    note_input.hop()
    assert done.wait(10)
    thread.join()
    assert note_input.counter("waits_given_up") == 0 and note_input.counter("position") == 512


def test_rings_refuse_to_overflow_and_are_given_back(note_input):
    while claim_hop(note_input.state) is not None:
        note_input.hop()
    assert note_input.counter("hops_published") == HOPS
    for _ in range(STARTS):
        note_input.start(0, 10_000_000, [(0.1, 440.0)])
    assert claim_start(note_input.state) is None
    note_input.render(note_input.hop_end(HOPS - 1))
    assert claim_hop(note_input.state) is not None


def test_rings_under_a_second_thread(note_input):
    """A producer in a thread of its own, the real callback in another: every hop arrives whole and in order."""
    hops, audio_done = 400, threading.Event()
    state = note_input.state
    state["wait"] = 1

    def produce():
        for h in range(hops):
            while (hop := claim_hop(state)) is None:
                if audio_done.is_set():
                    return
                threading.Event().wait(0.0002)
            hop["count"], hop["flush"] = 0, 0
            hop["noise"][:] = 0
            hop["effects"][:len(note_input.effects)] = note_input.effects
            hop["effects"][12] = 1 + h / 100        # master gain tells which hop is being played
            publish_hop(state)
            publish_until(state, note_input.hop_end(h) + 1)

    thread = threading.Thread(target=produce)
    thread.start()
    for block in range(hops - 1):
        call(state, 256)
        assert state["effects"]["glide"][0, 12, 1] == np.float32(1 + block / 100)
    audio_done.set()
    thread.join()
    assert note_input.counter("waits_given_up") == 0 and note_input.counter("held_quarters") == 0


@compiled(types.void(STATE_TYPE, types.int64))
def _write(state, n):
    """Publish numbers as fast as the ring takes them: data in `output`, the counter after it."""
    for i in range(1, n + 1):
        while i - load_acquire(state, "hops_taken") > 1000:
            pass
        state[0].output[i % 1024, 0] = i % 4096
        state[0].output[i % 1024, 1] = -(i % 4096)
        store_release(state, "hops_published", i)


@compiled(types.int64(STATE_TYPE, types.int64))
def _read(state, n):
    """Read them back; returns how many did not match their number."""
    wrong = taken = 0
    while taken < n:
        published = load_acquire(state, "hops_published")
        for i in range(taken + 1, published + 1):
            if state[0].output[i % 1024, 0] != i % 4096 or state[0].output[i % 1024, 1] != -(i % 4096):
                wrong += 1
        taken = published
        store_release(state, "hops_taken", taken)
    return wrong


def test_acquire_and_release_order_memory_between_threads():
    state, n = new_state(48_000), 300_000
    wrong = []
    reader = threading.Thread(target=lambda: wrong.append(_read(state, n)))
    reader.start()
    _write(state, n)
    reader.join()
    assert wrong == [0]


def test_atomics_are_atomic_in_the_generated_code():
    # compiled again: numba shows no code of what it has from its cache
    fresh = [numba.njit(signature, nogil=True)(function.py_func) for function, signature in (
        (_write, types.void(STATE_TYPE, types.int64)), (_read, types.int64(STATE_TYPE, types.int64)))]
    code = fresh[0].inspect_llvm(fresh[0].signatures[0])
    assert "store atomic i64" in code and "release" in code
    code = fresh[1].inspect_llvm(fresh[1].signatures[0])
    assert "load atomic i64" in code and "acquire" in code


def test_atomics_refuse_fields_of_another_kind():
    @compiled()
    def wrong(state):
        return load_acquire(state, "limiter_gain")
    with pytest.raises(Exception, match=r"limiter_gain|load_acquire"):
        wrong(new_state(48_000))


def test_the_block_lives_in_a_mapped_file(tmp_path, make_note_input):
    path = tmp_path / "block"
    path.write_bytes(bytes(state_dtype.itemsize))
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        state = new_state(48_000, buffer=memory)
        note_input, other = make_note_input(), make_note_input()
        note_input.state = state
        some_music(note_input), some_music(other)
        assert np.array_equal(note_input.render(1000), other.render(1000))
        seen = np.frombuffer(path.read_bytes(), state_dtype, 1)
        assert seen["position"][0] == 1000
        del state, note_input.state


def test_wrong_rates_and_buffers_are_refused():
    with pytest.raises(ValueError, match="rate of 1000000 Hz"):
        new_state(1_000_000)
    with pytest.raises(ValueError, match=r"needs .* bytes"):
        new_state(48_000, buffer=bytearray(100))


@pytest.fixture
def scaled(tmp_path):
    """(run, package): a small package of compiled code where nothing can be written. `run(**environment)`: what a process of it gives:
    [a number, how often it found compiled code, where that is kept].
    """
    package = tmp_path / "site" / "hummingface"
    package.mkdir(parents=True)
    for name in ("__init__.py", "compiled.py", "private_folder.py"):
        shutil.copy(Path(hummingface.__file__).with_name(name), package)
    (package / "instrument").mkdir()
    (package / "factor.py").write_text("FACTOR = 2\n")
    (package / "scaled.py").write_text("from numba import types\n\nfrom hummingface.factor import FACTOR\n"
                                       "from hummingface.compiled import compiled\n\n\n"
                                       "@compiled(types.int64(types.int64))\ndef scaled(x):\n    return FACTOR * x\n")
    code = ("from hummingface.compiled import cache_folder\nfrom hummingface.scaled import scaled\n"
            "print(scaled(2), sum(scaled.stats.cache_hits.values()), cache_folder(scaled.__code__.co_filename))")
    package.chmod(0o555)

    def run(**variables):
        environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path / "site"), **variables}
        environment.pop("NUMBA_CACHE_DIR", None)
        return subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, check=True, capture_output=True, text=True,
                              **unprivileged()).stdout.split()
    return run, package


def test_a_read_only_installation_finds_its_cache(tmp_path, scaled):
    """Compiled once into the user's cache, loaded from there the second time, by another installation of the same sources, too."""
    run, package = scaled
    shutil.copytree(tmp_path / "site", tmp_path / "elsewhere", copy_function=shutil.copy)       # with times of its own
    said = [run(), run(PYTHONPATH=str(tmp_path / "elsewhere"))]
    assert [line[:2] for line in said] == [["4", "0"], ["4", "1"]]
    assert list((tmp_path / "site").rglob("__pycache__/*.nbi")) == []
    assert Path(said[0][2]).is_dir()
    package.chmod(0o755)
    (package / "factor.py").write_text("FACTOR = 1 + 2\n")          # a constant that stands in another file
    assert run()[:2] == ["6", "0"]


def test_a_file_that_moves_to_another_package_is_compiled_again(tmp_path, monkeypatch):
    """What was compiled names the module that it was in, which is no more."""
    monkeypatch.setattr(hummingface, "__path__", [str(tmp_path)])
    for package in ("before", "after"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "scaled.py").write_text("FACTOR = 2\n")
    assert cache_folder(tmp_path / "before" / "scaled.py") != cache_folder(tmp_path / "after" / "scaled.py")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_where_the_home_is_read_only_too_it_is_kept_among_the_temporary_files(tmp_path, scaled):
    run, _ = scaled
    (tmp_path / "cache").mkdir(mode=0o555)
    own = tmp_path / "temporary" / f"hummingface-compiled-{os.getuid()}"
    own.parent.mkdir(mode=0o1777)
    said = [run(TMPDIR=str(own.parent)) for _ in range(2)]
    assert [line[:2] for line in said] == [["4", "0"], ["4", "1"]]
    assert Path(said[0][2]).parent == own and own.stat().st_mode & 0o777 == 0o700
    own.rename(own.with_name("elsewhere"))
    own.symlink_to("elsewhere")                         # as another user might: what lies there would be run
    assert run(TMPDIR=str(own.parent))[:2] == ["4", "0"], "compiled at each start, and not from there"
