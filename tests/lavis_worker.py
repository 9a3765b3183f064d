"""A worker that speaks LAVIS' protocol without LAVIS: it says how large each picture is, and fails on demand.

    python lavis_worker.py BEHAVIOUR COUNTER_FILE

Each start adds a line to the counter file, so that a worker may behave at its second start.
"""

import base64
import io
import json
import sys
import time
from pathlib import Path

from PIL import Image

behaviour, counter = sys.argv[1], Path(sys.argv[2])
with counter.open("a") as starts:
    starts.write("started\n")
first = len(counter.read_text().splitlines()) == 1


def say(**message: object) -> None:
    print(json.dumps(message), flush=True)


if behaviour == "no weights":
    say(error="FileNotFoundError: no such weights")
    sys.exit()
if behaviour == "stillborn":
    print("Traceback: an import failed", file=sys.stderr)
    sys.exit(3)
say(ready={"num_beams": 5})
for line in sys.stdin:
    pictures = [Image.open(io.BytesIO(base64.b64decode(each))) for each in json.loads(line)["images"]]
    cursed = any(picture.width == 13 for picture in pictures) or (behaviour.startswith("once") and first)
    if cursed and "dies" in behaviour:
        print("out of memory", file=sys.stderr)
        sys.exit(9)
    if cursed and "babbles" in behaviour:
        print("loading 100%", flush=True)
    elif cursed and "sleeps" in behaviour:
        time.sleep(30)
    elif cursed and "errs" in behaviour:
        say(error="ValueError: an odd picture")
    elif cursed and "miscounts" in behaviour:
        say(captions=[])
    else:
        say(captions=[f" {picture.width} wide\n" for picture in pictures])
