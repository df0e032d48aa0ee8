"""Good files spoilt: what a fuzzer that knows the form of its inputs tries."""

from hypothesis import strategies as st

TOKENS = (
    *(b"", b"\n", b"\r\n", b"\0", b"\xff", b"\xef\xbb\xbf", b"\x1b[2J", b'"', b"'", b",", b":", b"=", b"#"),
    *(b"[", b"]", b"{", b"}", b"[" * 5000, b'{"a":' * 5000, b"[[x]]\n", b"nan", b"NaN", b"inf", b"-Infinity"),
    *(
        b"null",
        b"true",
        b"-1",
        b"0",
        b"1e999",
        b"1e-999",
        b"9" * 400,
        b"9" * 5000,
        b"-0.0",
        b"0x1F",
        b"1_000",
    ),
    *(b"2026-11-21", b"\xf0\x9f\x90\x8d", b"\\u0000", b"\\ud800", b"../../etc/passwd", b"epochs", b"seeds"),
)


def spoilt(sample: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """A sample in which stretches (place, length) are replaced."""
    content = sample
    for place, length, new in edits:
        start = place % (len(content) + 1)
        content = content[:start] + new + content[start + length :]
    return content


def inputs(samples: list[bytes]) -> st.SearchStrategy[bytes]:
    """Any bytes, and good samples with up to six edits."""
    edit = st.tuples(
        st.integers(0, 20_000), st.integers(0, 30), st.sampled_from(TOKENS) | st.binary(max_size=4)
    )
    good = st.sampled_from(samples)
    return st.binary(max_size=200) | st.builds(spoilt, good, st.lists(edit, min_size=1, max_size=6))
