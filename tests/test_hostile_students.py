"""A student's file that does more than it is asked to: the check ends in one line, and so does that."""

import json
import signal
import time
from pathlib import Path

import pytest
from contestant_support import ends, one_line

from compare import check


@pytest.fixture(autouse=True)
def _handlers():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def checked(code, tmp_path, capsys):
    (tmp_path / "homework.py").write_text(code)
    code = check.main([f"{tmp_path / 'homework.py'}:f", "--timeout", "20"])
    return code, capsys.readouterr().err


def test_process_that_left_its_session_is_ended_too(tmp_path, capsys):
    if not Path("/proc").exists():
        pytest.skip("only a system with /proc tells of processes in other sessions")
    told = tmp_path / "survivor"
    child = "import os, time; os.fork() and os._exit(0); os.setsid(); "
    child += f"open({str(told) + '~'!r}, 'w').write(str(os.getpid())); "
    child += f"os.rename({str(told) + '~'!r}, {str(told)!r}); time.sleep(600)"
    code = "import os, subprocess, sys\ndef f(parameters, X, Y):\n"
    code += f"    subprocess.run([sys.executable, '-c', {child!r}], start_new_session=True)\n"
    code += f"    while not os.path.exists({str(told)!r}): pass\n    return 1.0, {{}}\n"
    began = time.monotonic()
    assert checked(code, tmp_path, capsys)[0] == 2
    assert time.monotonic() < began + 20
    assert ends(int(told.read_text()))


WHOLE = json.dumps({"calls": [{"keys": ["W1"], "lists": []}] * 2, "changed": [], "warnings": []})
SAVED = "import numpy; numpy.savez(folder / 'reply.npz', loss=1.0)"
REPLIES = {
    "no JSON": "(folder / 'reply.json').write_text('{')",
    "no object": "(folder / 'reply.json').write_text('[]')",
    "no arrays": "(folder / 'reply.json').write_text('{}')",
    "a failure that is none": "(folder / 'reply.json').write_text('{\"failure\": 3}')",
    "a failure that says nothing": "(folder / 'reply.json').write_text('{\"failure\": []}')",
    "a pipe for arrays": f"(folder / 'reply.json').write_text({WHOLE!r}); os.mkfifo(folder / 'reply.npz')",
    "a record without its keys": f"(folder / 'reply.json').write_text('{{}}'); {SAVED}",
    "a record of another form": f"(folder / 'reply.json').write_text('{{\"calls\": 3}}'); {SAVED}",
    "arrays that lack one": f"(folder / 'reply.json').write_text({WHOLE!r}); {SAVED}",
}


@pytest.mark.parametrize("reply", REPLIES)
def test_reply_of_another_form_is_told_in_one_line(reply, tmp_path, capsys):
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("the file finds its folder through /proc/self/cmdline")
    code = f"""
import os
from pathlib import Path
folder = Path(Path('/proc/self/cmdline').read_text().split('\\0')[3])
{REPLIES[reply]}
os._exit(0)
"""
    code, err = checked(code, tmp_path, capsys)
    assert code == 2
    assert one_line(err)
    assert "its answer cannot be used" in err
