"""Fast powers of two for code that needs hundreds of them per row. Compiled."""
import math

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from hummingface.compiled import FASTER, compiled

_POWERS = 2.0 ** np.arange(-250, 251)
_C0, _C1, _C2, _C3, _C4, _C5, _C6 = (
    float(c) for c in Chebyshev.interpolate(np.exp2, 6, domain=[0, 1]).convert(kind=Polynomial, domain=[-1, 1]).coef)


@compiled(fastmath=FASTER)
def exp2(x):
    """2^x to 1e-8 for x from -250 to 250: whole octaves from a table, the rest by a polynomial."""
    whole = math.floor(x)
    f = x - whole
    rest = _C0 + f * (_C1 + f * (_C2 + f * (_C3 + f * (_C4 + f * (_C5 + f * _C6)))))
    return _POWERS[min(max(int(whole), -250), 250) + 250] * rest
