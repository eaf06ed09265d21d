"""How national telephone numbers are grouped: `tests.screening_eval.phone_groups`.

From the metadata of libphonenumber, https://github.com/google/libphonenumber.
"""

from __future__ import annotations

# The groups of each number, one digit a group.
_SIZES = (
    "12222 126 13222 1323 1324 133 13322 1333 1334 134 1343 135 14222 144 15 15122 16 17 2134 "
    "2215 222 2222 22222 2224 2233 2234 224 2322 233 2332 2333 234 237 24 243 244 25 254 26 27 28 "
    "29 313 3134 315 322 3222 323 3232 3233 324 3244 33 332 3322 333 3333 334 34 344 35 36 37 38 "
    "4122 4133 4134 414 416 4222 4223 423 42322 424 425 427 43 4312 432 4322 433 4333 434 44 443 "
    "444 45 46 47 524 53 54 55 56 57 65 66 "
)
GROUPINGS = frozenset(tuple(map(int, sizes)) for sizes in _SIZES.split())
