"""Good files spoilt: what a fuzzer that knows the form of its inputs tries."""

import copy
import json
import math
import random
from typing import Any

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
    """Any bytes, good samples with up to six edits, and where they are JSON, changed in their form, too."""
    edit = st.tuples(
        st.integers(0, max(map(len, samples))),
        st.integers(0, 30),
        st.sampled_from(TOKENS) | st.binary(max_size=4),
    )
    good = st.sampled_from(samples)
    of_bytes = st.binary(max_size=200) | st.builds(spoilt, good, st.lists(edit, min_size=1, max_size=6))
    documents = [sample for sample in samples if is_json(sample)]
    if not documents:
        return of_bytes
    of_form, of_values = (
        st.builds(
            changed, st.sampled_from(documents), st.integers(0, 2**31).map(lambda n, odd=odd: 2 * n + odd)
        )
        for odd in (0, 1)
    )
    return of_values | of_form | of_bytes


def is_json(sample: bytes) -> bool:
    """Whether a sample is one JSON document."""
    try:
        json.loads(sample)
    except ValueError:
        return False
    return True


ODD_VALUES = (
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2,
        7,
        2**31,
        2**63 - 1,
        10**400,
        0.5,
        -0.5,
        1e-300,
        1e300,
        math.nan,
        math.inf,
    ),
    *(
        "",
        "x",
        "nan",
        "full",
        "ok",
        "failed",
        "numpy",
        "=1+1",
        "a\nb",
        "a|b",
        "<b>",
        "\x1b[2J",
        "\ud800",
        "y" * 3000,
    ),
    *([], {}, [None], [[]], {"a": 1}, [1, 2], [0.5] * 50),
)


def changed(sample: bytes, seed: int) -> bytes:
    """A JSON document, still JSON, with one to four of its parts replaced, dropped, doubled or exchanged.

    Every other time values keep their type, which a schema may let pass.
    """
    chance = random.Random(seed)
    document = json.loads(sample)
    for _ in range(chance.randint(1, 4)):
        holder, key = part_of(document, chance)
        if holder is None:
            break
        if seed % 2:
            alike(document, holder, key, chance)
            continue
        edit = chance.choice(("replace", "replace", "borrow", "drop", "double", "scale", "add"))
        if edit == "drop":
            del holder[key]
        elif edit == "double" and isinstance(holder, list):
            holder.insert(key, holder[key])
        elif edit == "borrow":
            other, place = part_of(document, chance)
            holder[key] = copy.deepcopy(other[place])
        elif edit == "scale" and is_small_number(holder[key]):
            holder[key] *= chance.choice((-1, 0, 1e-9, 1e9, 1e290))
        elif edit == "add" and isinstance(holder, dict):
            holder[chance.choice(("x", "status", "seconds", *holder))] = chance.choice(ODD_VALUES)
        else:
            holder[key] = copy.deepcopy(chance.choice(ODD_VALUES))
    return json.dumps(document).encode() + b"\n" * sample.endswith(b"\n")


def alike(document: Any, holder: Any, key: Any, chance: random.Random) -> None:
    """Put another value of the same type in a place, or drop or double an entry of a list."""
    value = holder[key]
    if isinstance(holder, list) and chance.random() < 0.5:
        holder[key : key + 1] = chance.choice(([], [value, copy.deepcopy(value)]))
    elif isinstance(value, (bool, type(None))):
        holder[key] = chance.choice((None, True, False, 0.5))
    elif is_small_number(value):
        holder[key] = type(value)(chance.choice((0, 1, 2, 7, 1e9, 1e-9, -1, 0.5 * value, 2 * value, -value)))
    elif isinstance(value, str):
        texts = [text for text in ODD_VALUES if isinstance(text, str)]
        other, place = part_of(document, chance)
        holder[key] = str(other[place])[:200] if chance.random() < 0.5 else chance.choice(texts)
    elif isinstance(value, list):
        del value[chance.randint(0, len(value)) :]


def is_small_number(value: object) -> bool:
    """Whether a value is a number that can be multiplied and stay one of its type."""
    return type(value) in (int, float) and abs(value) < 2**63


def part_of(document: Any, chance: random.Random) -> tuple[Any, Any]:
    """A list or an object inside a document and one of its places, as likely near the top as deep below."""
    holder, key = None, None
    here = document
    while isinstance(here, (dict, list)) and here and (holder is None or chance.random() < 0.75):
        holder = here
        key = chance.choice(list(here)) if isinstance(here, dict) else chance.randrange(len(here))
        here = holder[key]
    return holder, key
