"""What tells a generated value from a word, a name of code and a placeholder."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise

# Half of all neighbouring letters in words of European languages are one of these pairs; of
# letters drawn at random, one pair in six.
_PAIRS = frozenset(
    b"th he in er an re nd at on nt ha es st en ed to it ou ea hi is or ti as te et ng of al de se "
    b"le si ar ve ra ld ur ne ro ic me io co ce ll el ec li ri om ma ch ho ta la us ac rs ge ss ns "
    b"na em ca il ad am ct ut id ol ai un pr so po lo wo ke ey ok pa sw rd ap pi au cr ie be ei sc "
    b"ui qu tr mo ir ul ow mi pl ag no ot ab up fi ig ay op da os ia pe di".split()
)
_RUN = re.compile(rb"[A-Z]?[a-z]{2,}|[A-Z]{3,}")
_FEWEST_PAIRS, _WORDY_SHARE = 5, 0.5
# What stands for a value in documentation and templates.
_STANDS_FOR = re.compile(
    rb"(?i)x{5}|\*{3}|\.{3}|0{8}|example|your|sample|dummy|placeholder|change[_-]?(?:me|it)|replace"
    rb"|redacted|[_-]here|foobar|not[_-]a|insecure|qwerty|<|>|[$%]\{|\{\{|%\w+%|\A\$\w+\Z"
)
_LONGEST_SEQUENCE = 7


def bits(value: bytes) -> float:
    """Shannon's entropy, in bits per character."""
    counts = Counter(value).values()
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts)


def is_placeholder(value: bytes) -> bool:
    """True for `xxxxxxxx`, `your-key-here`, `0123456789`: what only stands for a value."""
    return stands_for(value) or has_sequence(value)


def stands_for(value: bytes) -> bool:
    """True where `value` says so itself: `xxxxxx`, `EXAMPLE`, `your-`, `${NAME}`."""
    return _STANDS_FOR.search(value) is not None


def is_wordy(value: bytes, share: float = _WORDY_SHARE) -> bool:
    """True where the letters of `value` follow each other as in words, `share` of the pairs."""
    runs = [run.lower() for run in _RUN.findall(value)]
    pairs = [run[at : at + 2] for run in runs for at in range(len(run) - 1)]
    # Where only the clearest words count, few pairs are no proof.
    if len(pairs) < (_FEWEST_PAIRS if share <= _WORDY_SHARE else 2 * _FEWEST_PAIRS):
        return False
    return sum(pair in _PAIRS for pair in pairs) >= share * len(pairs)


def has_sequence(value: bytes) -> bool:
    """True where characters count up: `12345678`, `abcdefgh`; or one is repeated."""
    up = same = 1
    for before, char in pairwise(value):
        up = up + 1 if char == before + 1 else 1
        same = same + 1 if char == before else 1
        if up >= _LONGEST_SEQUENCE or same >= _LONGEST_SEQUENCE:
            return True
    return False
