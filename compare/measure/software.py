"""How the libraries of a process were built: its BLAS above all, which is most of the time of a step."""

import sys
from typing import Any


def builds() -> dict[str, str]:
    """Return a line on the build of each numerical library that is loaded in this process."""
    known = {"numpy": _numpy, "torch": _torch, "jax": _plain, "sklearn": _plain}
    return {name: describe(sys.modules[name]) for name, describe in known.items() if name in sys.modules}


def _plain(library: Any) -> str:
    return f"{library.__name__} {library.__version__}"


def _numpy(numpy: Any) -> str:
    blas = numpy.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    told = (blas.get("name"), blas.get("version"), blas.get("openblas configuration"))
    return f"numpy {numpy.__version__}, BLAS {' '.join(str(part) for part in told if part) or 'unknown'}"


def _torch(torch: Any) -> str:
    lines = [line.strip(" -") for line in torch.__config__.show().splitlines()]
    kept = [line for line in lines if line.startswith(("Intel", "oneDNN", "OpenMP", "LAPACK", "CPU cap"))]
    return ", ".join([f"torch {torch.__version__}", *kept])
