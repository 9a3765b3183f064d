"""How long a student takes to load in a fresh process, imports included.

python -m bench.load_student
"""

import json
import os
import platform
import subprocess
import sys
import time

_LOAD = """
import time
begun = time.perf_counter()
from core.prediction import Predictor
from core.settings import Settings
imported = time.perf_counter()
Predictor.load(Settings.read())
print(imported - begun, time.perf_counter() - imported)
"""


def main() -> None:
    """Print one JSON document; the second process reads files that the first has brought into memory."""
    runs = []
    for _ in range(3):
        printed = subprocess.run([sys.executable, "-c", _LOAD], capture_output=True, text=True, check=True).stdout  # noqa: S603
        imports, loading = map(float, printed.split())
        runs.append({"imports": round(imports, 2), "loading": round(loading, 2)})
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(json.dumps({"machine": machine, "date": time.strftime("%Y-%m-%d"), "seconds": runs}, indent=2))


if __name__ == "__main__":
    main()
